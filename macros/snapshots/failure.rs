const _: () = {
    #[automatically_derived]
    impl ::persevere::Failure for PayError {
        const NAMES: &'static [&'static str] = &[
            "Declined",
            "Throttled",
            "Offline",
            "Other",
        ];
        fn kind(&self) -> ::persevere::FailureKind {
            match self {
                Self::Declined { .. } => {
                    ::persevere::FailureKind::new("Declined").non_retryable()
                }
                Self::Throttled { after: after, .. } => {
                    ::persevere::FailureKind::new("Throttled")
                        .retry_after(
                            <::core::time::Duration as ::core::clone::Clone>::clone(
                                after,
                            ),
                        )
                }
                Self::Network { .. } => {
                    ::persevere::FailureKind::new("Offline")
                        .retry_after(::core::time::Duration::from_millis(5000u64))
                }
                Self::Other { .. } => ::persevere::FailureKind::new("Other"),
            }
        }
        fn message(&self) -> ::std::string::String {
            #[allow(unused_imports)]
            use ::persevere::__private::{MessageByDebug as _, MessageByDisplay as _};
            (&&::persevere::__private::Probe(self)).message()
        }
    }
    #[allow(unused_imports)]
    use ::persevere::__private::{FoundAsError as _, NeverFound as _};
    ::persevere::__private::inventory::submit! {
        ::persevere::__private::FailureDefinition::of:: < PayError > (| error | { (&&
        ::persevere::__private::ErrorProbe:: < PayError > ::NEW).find(error) })
    }
};
