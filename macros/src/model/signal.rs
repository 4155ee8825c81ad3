//! `#[signal]` on a struct.

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::DeriveInput;
use syn::ext::IdentExt;

use crate::errors::Errors;
use crate::parse::options;

/// A signal type.
pub(crate) struct Signal {
    pub(crate) ident: Ident,
    /// The name on the wire.
    pub(crate) name: String,
}

impl Signal {
    pub(crate) fn new(
        options: TokenStream,
        item: &DeriveInput,
        errors: &mut Errors,
    ) -> Option<Self> {
        let mut name = item.ident.unraw().to_string();
        for option in options::read(options, errors) {
            match option.name.to_string().as_str() {
                "name" => {
                    if let Some(given) = option.string(errors) {
                        name = given.value();
                    }
                }
                _ => options::unknown(&option, &["name"], errors),
            }
        }
        let mut usable = true;
        if !item.generics.params.is_empty() {
            errors.at(&item.generics, "a signal has one type on the wire, so it cannot be generic");
            usable = false;
        }
        if let syn::Data::Union(data) = &item.data {
            errors.at(&data.union_token, "a signal is a struct or an enum");
            usable = false;
        }
        for attr in item.attrs.iter().filter(|attr| attr.path().is_ident("derive")) {
            usable &= check_derives(attr, errors);
        }
        usable.then(|| Self { ident: item.ident.clone(), name })
    }
}

fn check_derives(attr: &syn::Attribute, errors: &mut Errors) -> bool {
    let mut usable = true;
    // What does not parse, the compiler reports at the derive itself.
    let _ = attr.parse_nested_meta(|meta| {
        let last = meta.path.segments.last().map(|segment| segment.ident.to_string());
        if let Some("Serialize" | "Deserialize") = last.as_deref() {
            let path = meta.path.to_token_stream();
            errors.at(
                &path,
                "`#[signal]` derives `Serialize` and `Deserialize` already: remove this",
            );
            usable = false;
        }
        Ok(())
    });
    usable
}
