/// Greets.
#[allow(dead_code, clippy::too_many_arguments)]
#[track_caller]
pub fn hello(
    argument_0: (String, String),
    polite: bool,
) -> ::persevere::WorkflowCall<hello> {
    ::persevere::WorkflowCall::__new((argument_0, polite))
}
///The workflow [`hello`](fn@hello); its `run` is the plain function.
#[allow(non_camel_case_types, dead_code)]
pub struct hello {}
const _: () = {
    #[automatically_derived]
    impl ::persevere::__private::Workflow for hello {
        const NAME: &'static str = "hello";
        const ARGUMENTS: &'static [&'static str] = &["argument_0", "polite"];
        const DEFAULTS: ::persevere::__private::WorkflowDefaults = ::persevere::__private::WorkflowDefaults {
            run_timeout: ::core::option::Option::Some(
                ::core::time::Duration::from_millis(86400000u64),
            ),
            queue: ::core::option::Option::Some("greetings"),
            ..::persevere::__private::WorkflowDefaults::NONE
        };
        type Input = ((String, String), bool);
        type Output = <Result<String> as ::persevere::__private::Returned>::Output;
        type Error = <Result<String> as ::persevere::__private::Returned>::Error;
    }
    #[allow(dead_code)]
    fn __check() {
        let _ = ::persevere::__private::assert_argument::<(String, String)>;
        let _ = ::persevere::__private::assert_argument::<bool>;
    }
    #[automatically_derived]
    impl ::persevere::__private::WorkflowImplementation for hello {
        async fn start(
            (argument_0, argument_1): ((String, String), bool),
        ) -> ::core::result::Result<Self::Output, Self::Error> {
            ::persevere::__private::Returned::into_result(
                hello::run(argument_0, argument_1).await,
            )
        }
    }
    ::persevere::__private::inventory::submit! {
        ::persevere::__private::WorkflowDefinition::of:: < hello > ()
    }
};
impl hello {
    ///The plain function: runs `hello` here and now, without durability.
    #[allow(dead_code, clippy::too_many_arguments)]
    pub async fn run((first, last): (String, String), polite: bool) -> Result<String> {
        Ok(greet(first, last).await?)
    }
}
