//! `#[persevere::test]`: a `#[test]` that gives the function a harness.

use proc_macro2::TokenStream;
use quote::quote;

use super::unchanged;
use crate::errors::Errors;
use crate::model::test::Test;
use crate::parse::item::FnItem;

pub(crate) fn attribute(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let Some(parsed) = errors.keep(syn::parse2::<FnItem>(item.clone())) else {
        return unchanged(item, errors);
    };
    let Some(model) = Test::new(options, parsed, &mut errors) else {
        return unchanged(item, errors);
    };
    let Test { chaos, name, vis, attrs, param, output, body } = &model;
    let errors = errors.into_tokens();
    let run = match chaos {
        None => quote!(run_test(#name)),
        Some(seeds) => quote!(run_chaos_test(#seeds, #name)),
    };
    quote! {
        #[::core::prelude::v1::test]
        #attrs
        #vis fn #name() #output {
            async fn #name(#param) #output #body
            ::persevere::__private::#run
        }
        #errors
    }
}
