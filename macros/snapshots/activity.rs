#[cfg(feature = "pay")]
/// Charges the customer.
#[allow(dead_code, clippy::too_many_arguments)]
#[track_caller]
pub(crate) fn charge(order: Order, amount: u64) -> ::persevere::ActivityCall<charge> {
    ::persevere::ActivityCall::__new((order, amount))
}
#[cfg(feature = "pay")]
///The activity [`charge`](fn@charge); its `run` is the plain function.
#[allow(non_camel_case_types, dead_code)]
pub(crate) struct charge {}
#[cfg(feature = "pay")]
const _: () = {
    #[automatically_derived]
    impl ::persevere::__private::Activity for charge {
        const NAME: &'static str = "Charge";
        const ARGUMENTS: &'static [&'static str] = &["order", "amount"];
        const DEFAULTS: ::persevere::__private::ActivityDefaults = ::persevere::__private::ActivityDefaults {
            start_to_close: ::core::option::Option::Some(
                ::core::time::Duration::from_millis(20000u64),
            ),
            retry: ::core::option::Option::Some(::persevere::__private::RetryDefaults {
                initial: ::core::option::Option::Some(
                    ::core::time::Duration::from_millis(1000u64),
                ),
                max_attempts: ::core::option::Option::Some(5u32),
                non_retryable: &["Declined"],
                ..::persevere::__private::RetryDefaults::NONE
            }),
            ..::persevere::__private::ActivityDefaults::NONE
        };
        type Input = (Order, u64);
        type Output = <Result<
            Receipt,
            PayError,
        > as ::persevere::__private::Returned>::Output;
        type Error = <Result<
            Receipt,
            PayError,
        > as ::persevere::__private::Returned>::Error;
    }
    #[allow(dead_code)]
    fn __check() {
        let _ = ::persevere::__private::assert_argument::<Order>;
        let _ = ::persevere::__private::assert_argument::<u64>;
    }
    #[automatically_derived]
    impl ::persevere::__private::ActivityImplementation for charge {
        fn bind(
            dependencies: &::persevere::__private::Dependencies,
        ) -> ::core::result::Result<
            ::persevere::__private::ActivityHandler,
            ::persevere::__private::MissingDependency,
        > {
            let dependencies = dependencies.of::<charge>();
            let __gateway = dependencies.get::<Gateway>()?;
            let __pool = dependencies.get::<Pool>()?;
            ::core::result::Result::Ok(
                ::persevere::__private::handler::<
                    charge,
                    _,
                    _,
                >(move |(__order, __amount): (Order, u64)| {
                    let __gateway = ::std::sync::Arc::clone(&__gateway);
                    let __pool = ::std::sync::Arc::clone(&__pool);
                    async move {
                        charge::run(
                                <Gateway as ::core::clone::Clone>::clone(&__gateway),
                                &__pool,
                                __order,
                                __amount,
                            )
                            .await
                    }
                }),
            )
        }
    }
    ::persevere::__private::inventory::submit! {
        ::persevere::__private::ActivityDefinition::of:: < charge > ()
    }
};
#[cfg(feature = "pay")]
impl charge {
    ///The plain function: runs `charge` here and now, without durability.
    #[tracing::instrument]
    #[allow(dead_code, clippy::too_many_arguments)]
    pub(crate) async fn run(
        gateway: Gateway,
        pool: &Pool,
        order: Order,
        mut amount: u64,
    ) -> Result<Receipt, PayError> {
        amount += 1;
        gateway.charge(pool, order, amount).await
    }
}
