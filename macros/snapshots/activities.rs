impl Billing {
    const MAX: u64 = 10;
    /// Charges the customer.
    pub async fn charge(&self, order: Order) -> Result<Receipt> {
        self.gateway.charge(order).await
    }
    fn helper(&self) {}
}
/// Charges the customer.
#[allow(dead_code, clippy::too_many_arguments)]
#[track_caller]
pub fn charge(order: Order) -> ::persevere::ActivityCall<charge> {
    ::persevere::ActivityCall::__new((order,))
}
///The activity [`charge`](fn@charge); its `run` is the plain function.
#[allow(non_camel_case_types, dead_code)]
pub struct charge {}
const _: () = {
    #[automatically_derived]
    impl ::persevere::__private::Activity for charge {
        const NAME: &'static str = "charge";
        const ARGUMENTS: &'static [&'static str] = &["order"];
        const DEFAULTS: ::persevere::__private::ActivityDefaults = ::persevere::__private::ActivityDefaults {
            heartbeat: ::core::option::Option::Some(
                ::core::time::Duration::from_millis(2000u64),
            ),
            ..::persevere::__private::ActivityDefaults::NONE
        };
        type Input = (Order,);
        type Output = <Result<Receipt> as ::persevere::__private::Returned>::Output;
        type Error = <Result<Receipt> as ::persevere::__private::Returned>::Error;
    }
    #[allow(dead_code)]
    fn __check() {
        let _ = ::persevere::__private::assert_argument::<Order>;
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
            let __provided = dependencies.get::<Billing>()?;
            ::core::result::Result::Ok(
                ::persevere::__private::handler::<
                    charge,
                    _,
                    _,
                >(move |(__order,): (Order,)| {
                    let __provided = ::std::sync::Arc::clone(&__provided);
                    async move { <Billing>::charge(&__provided, __order).await }
                }),
            )
        }
    }
    ::persevere::__private::inventory::submit! {
        ::persevere::__private::ActivityDefinition::of:: < charge > ()
    }
};
