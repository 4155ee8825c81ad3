//! `#[derive(Failure)]`: how an error becomes a failure on the wire.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::errors::Errors;
use crate::model::failure::{Failure, RetryAfter, Variant};

pub(crate) fn derive(item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let model = errors
        .keep(syn::parse2::<DeriveInput>(item))
        .and_then(|parsed| Failure::new(&parsed, &mut errors));
    let expanded = model.map(|model| expand(&model)).unwrap_or_default();
    let errors = errors.into_tokens();
    quote!(#expanded #errors)
}

fn expand(model: &Failure) -> TokenStream {
    let ident = &model.ident;
    let names = model.variants.iter().map(|variant| &variant.name);
    let kinds = model.variants.iter().map(kind);
    quote! {
        const _: () = {
            #[automatically_derived]
            impl ::persevere::Failure for #ident {
                const NAMES: &'static [&'static str] = &[#(#names),*];

                fn kind(&self) -> ::persevere::FailureKind {
                    match self { #(#kinds)* }
                }

                fn message(&self) -> ::std::string::String {
                    // The type's own `Display` where it has one, else `Debug`.
                    #[allow(unused_imports)]
                    use ::persevere::__private::{MessageByDebug as _, MessageByDisplay as _};
                    (&&::persevere::__private::Probe(self)).message()
                }
            }
            #[allow(unused_imports)]
            use ::persevere::__private::{FoundAsError as _, NeverFound as _};
            ::persevere::__private::inventory::submit! {
                ::persevere::__private::FailureDefinition::of::<#ident>(|error| {
                    (&&::persevere::__private::ErrorProbe::<#ident>::NEW).find(error)
                })
            }
        };
    }
}

fn kind(variant: &Variant) -> TokenStream {
    let Variant { path, name, non_retryable, retry_after } = variant;
    let kind = quote!(::persevere::FailureKind::new(#name));
    let non_retryable = non_retryable.then(|| quote!(.non_retryable()));
    match retry_after {
        None => quote!(#path { .. } => #kind #non_retryable,),
        Some(RetryAfter::Millis(millis)) => quote! {
            #path { .. } => #kind #non_retryable
                .retry_after(::core::time::Duration::from_millis(#millis)),
        },
        Some(RetryAfter::Field(field)) => quote! {
            #path { #field: after, .. } => #kind #non_retryable
                .retry_after(<::core::time::Duration as ::core::clone::Clone>::clone(after)),
        },
    }
}
