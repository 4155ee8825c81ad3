use quote::quote;

use super::*;

fn messages(body: TokenStream) -> Vec<String> {
    let mut errors = Errors::default();
    scan(&body, &mut errors);
    let tokens = errors.into_tokens().to_string();
    tokens.split("compile_error ! { \"").skip(1).map(|text| text.replace("\" }", "")).collect()
}

fn denied(body: TokenStream) -> Vec<String> {
    messages(body)
        .iter()
        .map(|message| message.split('`').nth(1).expect("a message names the path").to_owned())
        .collect()
}

#[test]
fn paths_are_found_at_any_depth() {
    assert_eq!(
        denied(quote!({
            let t = SystemTime::now();
        })),
        ["SystemTime::now"]
    );
    assert_eq!(
        denied(quote!({
            if x {
                foo(|| vec![std::time::Instant::now()])
            }
        })),
        ["std::time::Instant::now"]
    );
    assert_eq!(
        denied(quote!({
            let x = a..rand::random();
        })),
        ["rand::random"]
    );
}

#[test]
fn the_braces_of_a_use_are_spread() {
    assert_eq!(
        denied(quote!({
            use std::{
                collections::{BTreeMap, HashMap},
                fs,
            };
        })),
        ["std::collections::HashMap", "std::fs"]
    );
}

#[test]
fn macros_are_named_as_macros() {
    assert_eq!(
        denied(quote!({
            tokio::select! { _ = a => {} }
        })),
        ["tokio::select!"]
    );
}

#[test]
fn inside_a_macro_call_too() {
    assert_eq!(denied(quote!({ println!("{}", std::env::var("HOME")?) })), ["std::env::var"]);
}

#[test]
fn generic_arguments_end_a_path() {
    assert_eq!(
        denied(quote!({
            let m = std::collections::HashMap::<u8, u8>::new();
        })),
        ["std::collections::HashMap"]
    );
    assert_eq!(
        denied(quote!({
            let x = rand::random::<u8>();
        })),
        ["rand::random"]
    );
}

#[test]
fn a_leading_colon_changes_nothing() {
    assert_eq!(denied(quote!({ ::std::thread::sleep(d) })), ["std::thread::sleep"]);
}

#[test]
fn fields_methods_and_locals_are_no_paths() {
    let body = quote!({
        let rand = 1;
        let reqwest = rand + 1;
        self.fs.read(x.rand);
        a.thread.spawn(thread_id);
        if rand != 2 {
            rand()
        }
        clock.now()
    });
    assert_eq!(denied(body), [""; 0]);
}

#[test]
fn the_users_own_modules_and_ours_are_not_denied() {
    let body = quote!({
        crate::fs::read("a");
        self::env::var("A");
        super::rand::random();
        persevere::collections::HashMap::new();
        persevere::select! { _ = a => {} }
    });
    assert_eq!(denied(body), [""; 0]);
}

#[test]
fn every_rule_says_what_to_write_instead() {
    for message in messages(quote!({
        Utc::now();
        fastrand::u8();
        Uuid::new_v4();
        tokio::time::sleep(d);
        tokio::spawn(f);
        futures::select! {};
        std::thread::spawn(f);
        futures::executor::block_on(f);
        std::env::args();
        std::fs::read(p);
        reqwest::get(u);
        std::collections::HashMap::new();
        std::collections::HashSet::new();
        std::process::exit(1);
    })) {
        let (_, advice) = message.split_once(": ").expect("a message ends in advice");
        assert!(
            advice.starts_with("use ") || advice.starts_with("do ") || advice.starts_with("take ")
        );
    }
}
