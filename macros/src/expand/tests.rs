//! What the macros generate, as text: a change of it is a diff in `snapshots/`. Write them again
//! with `UPDATE_EXPECT=1 cargo test -p persevere-macros`.

use expect_test::{ExpectFile, expect_file};
use proc_macro2::TokenStream;
use quote::quote;

use super::{activities, activity, failure, signal, test, workflow};

/// Compares the expansion, printed like source, with the snapshot.
fn check(expansion: TokenStream, expected: ExpectFile) {
    let file = syn::parse2(expansion).expect("the expansion is a sequence of items");
    expected.assert_eq(&prettyplease::unparse(&file));
}

#[test]
fn activity_expands() {
    let options = quote!(
        name = "Charge",
        start_to_close = "20s",
        retry(initial = "1s", max_attempts = 5, non_retryable("Declined"))
    );
    let item = quote! {
        /// Charges the customer.
        #[cfg(feature = "pay")]
        #[tracing::instrument]
        pub(crate) async fn charge(
            #[dep] gateway: Gateway,
            #[dep] pool: &Pool,
            order: Order,
            mut amount: u64,
        ) -> Result<Receipt, PayError> {
            amount += 1;
            gateway.charge(pool, order, amount).await
        }
    };
    check(activity::attribute(options, item), expect_file!["../../snapshots/activity.rs"]);
}

#[test]
fn activities_expand() {
    let item = quote! {
        impl Billing {
            const MAX: u64 = 10;

            /// Charges the customer.
            #[activity(heartbeat = "2s")]
            pub async fn charge(&self, order: Order) -> Result<Receipt> {
                self.gateway.charge(order).await
            }

            fn helper(&self) {}
        }
    };
    let expansion = activities::attribute(TokenStream::new(), item);
    check(expansion, expect_file!["../../snapshots/activities.rs"]);
}

#[test]
fn workflow_expands() {
    let item = quote! {
        /// Greets.
        pub async fn hello((first, last): (String, String), polite: bool) -> Result<String> {
            Ok(greet(first, last).await?)
        }
    };
    let options = quote!(run_timeout = "1d", queue = "greetings");
    check(workflow::attribute(options, item), expect_file!["../../snapshots/workflow.rs"]);
}

#[test]
fn signal_expands() {
    let item = quote! {
        /// Lets it go on.
        #[derive(Debug)]
        pub struct Approve { by: String }
    };
    check(
        signal::attribute(quote!(name = "approve"), item),
        expect_file!["../../snapshots/signal.rs"],
    );
}

#[test]
fn failure_expands() {
    let item = quote! {
        #[derive(Debug, Failure)]
        enum PayError {
            #[failure(non_retryable)]
            Declined { code: String },
            #[failure(retry_after = after)]
            Throttled { after: Duration },
            #[failure(retry_after = "5s", name = "Offline")]
            Network(String),
            Other,
        }
    };
    check(failure::derive(item), expect_file!["../../snapshots/failure.rs"]);
}

#[test]
fn test_expands() {
    let item = quote! {
        #[should_panic]
        async fn expires(mut t: Harness) -> Result<()> {
            t.advance(days(3)).await;
            Ok(())
        }
    };
    check(test::attribute(TokenStream::new(), item), expect_file!["../../snapshots/test.rs"]);
}

#[test]
fn chaos_test_expands() {
    let item = quote! {
        async fn charges_once(t: Harness) {
            assert_eq!(t.run(pay(order())).await.unwrap(), receipt());
        }
    };
    check(
        test::attribute(quote!(chaos = 200), item),
        expect_file!["../../snapshots/chaos_test.rs"],
    );
}

/// Bodies as they are while someone types.
fn half_typed_bodies() -> [TokenStream; 4] {
    [
        quote!({ let receipt = charge(order). }),
        quote!({ match charge(order).await { Ok(receipt) => } }),
        quote!({ let x: = 5; if }),
        quote!({ saga.undo(|) }),
    ]
}

#[test]
fn a_half_typed_body_loses_no_signature() {
    for body in half_typed_bodies() {
        let item = quote!(async fn pay(order: Order) -> Result<Receipt> #body);
        let expansions = [
            activity::attribute(TokenStream::new(), item.clone()),
            workflow::attribute(TokenStream::new(), item),
        ];
        for expansion in expansions {
            let text = expansion.to_string();
            assert!(text.contains("fn pay (order : Order) -> :: persevere ::"), "{text}");
            assert!(text.contains(&body.to_string()), "the body is as typed: {text}");
            assert!(!text.contains("compile_error"), "{text}");
        }
    }
}

#[test]
fn a_half_typed_signature_is_emitted_as_it_is() {
    for item in [
        quote!(async fn pay(order: ) -> Result<Receipt> { Ok(order) }),
        quote!(async fn pay(order: Order) -> { Ok(order) }),
        quote!(async fn pay(order: Order)),
        quote!(pub async),
        quote!(),
    ] {
        for attribute in [activity::attribute, workflow::attribute, test::attribute] {
            let text = attribute(TokenStream::new(), item.clone()).to_string();
            assert!(text.starts_with(&item.to_string()), "{text}");
            assert!(text.contains("compile_error"), "{text}");
        }
    }
}

#[test]
fn half_typed_options_leave_the_function_usable() {
    for options in [
        quote!(start_to_close =),
        quote!(retry(max_attempts)),
        quote!(,,),
        quote!(name = "x" queue),
    ] {
        let item = quote!(
            async fn pay(order: Order) -> Result<Receipt> {
                Ok(order)
            }
        );
        let text = activity::attribute(options, item).to_string();
        assert!(text.contains("fn pay (order : Order) -> :: persevere ::"), "{text}");
        assert!(text.contains("compile_error"), "{text}");
    }
}

#[test]
fn generated_code_names_no_crate_but_ours() {
    let item = quote!(
        async fn pay(#[dep] g: Gateway, order: Order) -> Result<Receipt> {
            Ok(order)
        }
    );
    let text = activity::attribute(TokenStream::new(), item).to_string();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(":: ") {
        let (before, after) = rest.split_at(at);
        // A path that begins with `::` is absolute: nothing but punctuation stands before it.
        let absolute =
            !before.trim_end().ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '>');
        if absolute {
            let krate = after[3..].split_whitespace().next().unwrap_or_default();
            assert!(["persevere", "core", "std"].contains(&krate), "`::{krate}` in {text}");
        }
        rest = &after[2..];
    }
}
