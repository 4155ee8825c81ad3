//! Finds what would break replay in a workflow's body: paths to clocks, randomness, threads, the
//! outside world. One message for each place, with what to write instead.
//!
//! This sees paths, not what they resolve to: an import under another name escapes it, and the
//! executor and the test harness, which replays every task, catch that later. A path that starts
//! with `crate`, `self`, `super` or `persevere` is the user's or ours and is never denied.
//!
//! Deliberately absent: rewriting. A line must not mean one thing here and another elsewhere.

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};
use quote::quote;

use crate::errors::Errors;

mod rules;

/// Reports every denied path in `body`.
pub(crate) fn scan(body: &TokenStream, errors: &mut Errors) {
    let mut paths = Vec::new();
    collect(body.clone(), &[], &mut paths);
    for path in &paths {
        if let Some((segments, rule)) = rules::denied(path) {
            let at = &path.segments[..segments];
            errors.at(&quote!(#(#at)::*), rule.message(at, path.is_macro));
        }
    }
}

/// A path in the body, such as `std::env::var` or `tokio::select!`.
struct Path {
    segments: Vec<Ident>,
    /// Whether `!` follows.
    is_macro: bool,
}

/// Collects the paths of `tokens`. Inside the braces of a `use`, `prefix` is what stands before them.
fn collect(tokens: TokenStream, prefix: &[Ident], paths: &mut Vec<Path>) {
    let mut tokens = tokens.into_iter().peekable();
    // One dot makes a field or a method, two a range.
    let mut dots = 0;
    while let Some(token) = tokens.next() {
        match token {
            // A field or a method: no path.
            TokenTree::Ident(_) if dots == 1 => {}
            TokenTree::Ident(first) => {
                let mut segments = prefix.to_vec();
                segments.push(first);
                let mut tree = None;
                while skip_colons(&mut tokens) {
                    match tokens.peek() {
                        Some(TokenTree::Ident(next)) => {
                            segments.push(next.clone());
                            tokens.next();
                        }
                        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                            tree = Some(group.stream());
                            tokens.next();
                        }
                        // `::<T>` or `::*`: the path ends here.
                        _ => break,
                    }
                }
                let is_macro = matches!(tokens.peek(), Some(token) if is_bang(token));
                match tree {
                    Some(tree) => collect(tree, &segments, paths),
                    None => paths.push(Path { segments, is_macro }),
                }
            }
            TokenTree::Group(group) => collect(group.stream(), &[], paths),
            TokenTree::Punct(punct) if punct.as_char() == '.' => {
                dots += 1;
                continue;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
        dots = 0;
    }
}

/// The `!` of a macro call, not of `!=`.
fn is_bang(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == '!' && punct.spacing() == Spacing::Alone)
}

type Tokens = std::iter::Peekable<proc_macro2::token_stream::IntoIter>;

/// Skips `::` if it comes next.
fn skip_colons(tokens: &mut Tokens) -> bool {
    let mut ahead = tokens.clone();
    let mut colon =
        || matches!(ahead.next(), Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
    let found = colon() && colon();
    if found {
        tokens.nth(1);
    }
    found
}

#[cfg(test)]
mod tests;
