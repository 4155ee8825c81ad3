//! `#[activity]` on an async function.

use proc_macro2::{Delimiter, Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use super::function::{self, Stub};
use super::{defaults, unchanged, without_attributes};
use crate::errors::Errors;
use crate::model::activity::Options;
use crate::model::function::{Function, Kind, Param, Source};
use crate::parse::item::FnItem;

pub(crate) fn attribute(options: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let options = Options::new(options, &mut errors);
    let Some(parsed) = errors.keep(syn::parse2::<FnItem>(item.clone())) else {
        return unchanged(item, errors);
    };
    let Some(model) = Function::new(parsed, Kind::Activity, &mut errors) else {
        return unchanged(without_attributes(item, Delimiter::Parenthesis, &["dep"]), errors);
    };
    expand(&model, &options, errors)
}

fn expand(model: &Function, options: &Options, errors: Errors) -> TokenStream {
    let name = &model.name;
    let stub = Stub::activity(name).tokens(model);
    let plain = function::plain(model);
    let definition = definition(model, options);
    let arguments = model.params.iter().map(|param| match &param.source {
        Source::Caller => local(&param.name),
        Source::Dependency => {
            let (held, ty) = (local(&param.name), &param.ty);
            quote!(<#ty as ::core::clone::Clone>::clone(&#held))
        }
        Source::Lent(_) => {
            let held = local(&param.name);
            quote!(&#held)
        }
    });
    let implementation =
        implementation(model, &quote!(#name::run(#(#arguments),*)), &dependencies(model));
    let cfgs = &model.cfgs;
    let errors = errors.into_tokens();
    quote! {
        #stub
        #cfgs
        const _: () = {
            #definition
            #implementation
        };
        #plain
        #errors
    }
}

/// What is taken from the worker: the local's name and the type provided.
pub(crate) struct Dependency {
    pub(crate) held: TokenStream,
    pub(crate) ty: TokenStream,
}

fn dependencies(model: &Function) -> Vec<Dependency> {
    let dependency = |param: &Param| {
        let ty = match &param.source {
            Source::Caller => return None,
            Source::Dependency => param.ty.clone(),
            Source::Lent(ty) => ty.clone(),
        };
        Some(Dependency { held: local(&param.name), ty })
    };
    model.params.iter().filter_map(dependency).collect()
}

/// Our name for a parameter's value, out of the way of the user's names.
fn local(name: &Ident) -> TokenStream {
    let name = format_ident!("__{}", name, span = Span::mixed_site());
    quote!(#name)
}

/// `impl Activity for charge`: what both sides of the wire know.
pub(crate) fn definition(model: &Function, options: &Options) -> TokenStream {
    let wire_name = options.wire_name(&model.name);
    function::definition(model, "Activity", &wire_name, &defaults::activity(options))
}

/// `impl ActivityImplementation for charge`, and its entry in the registry.
pub(crate) fn implementation(
    model: &Function,
    call: &TokenStream,
    dependencies: &[Dependency],
) -> TokenStream {
    let name = &model.name;
    let input = function::input(model);
    let arguments = model.arguments().map(|argument| local(&argument.name));
    let gather = dependencies.iter().map(|Dependency { held, ty }| {
        let span = function::spanned(ty);
        quote_spanned!(span=> let #held = dependencies.get::<#ty>()?;)
    });
    let share: Vec<_> = dependencies
        .iter()
        .map(|Dependency { held, .. }| quote!(let #held = ::std::sync::Arc::clone(&#held);))
        .collect();
    // An error about a future that is not `Send` points at the function's name.
    let handler = quote_spanned!(name.span()=> ::persevere::__private::handler::<#name, _, _>);
    quote! {
        #[automatically_derived]
        impl ::persevere::__private::ActivityImplementation for #name {
            fn bind(
                dependencies: &::persevere::__private::Dependencies,
            ) -> ::core::result::Result<
                ::persevere::__private::ActivityHandler,
                ::persevere::__private::MissingDependency,
            > {
                let dependencies = dependencies.of::<#name>();
                #(#gather)*
                ::core::result::Result::Ok(#handler(move |(#(#arguments,)*): #input| {
                    #(#share)*
                    async move { #call.await }
                }))
            }
        }
        ::persevere::__private::inventory::submit! {
            ::persevere::__private::ActivityDefinition::of::<#name>()
        }
    }
}
