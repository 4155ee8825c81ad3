//! What a durable function leaves in the user's module: a stub in the value namespace, a type of the
//! same name in the type namespace, and the plain function as the type's `run`.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use crate::model::function::Function;

/// How the stub is made.
pub(crate) struct Stub {
    /// The type of call: `ActivityCall` or `WorkflowCall`.
    pub(crate) call: Ident,
    /// First line of the type's documentation.
    pub(crate) doc: String,
}

impl Stub {
    pub(crate) fn activity(name: &Ident) -> Self {
        let doc = format!("The activity [`{name}`](fn@{name}); its `run` is the plain function.");
        Self { call: format_ident!("ActivityCall"), doc }
    }

    pub(crate) fn workflow(name: &Ident) -> Self {
        let doc = format!("The workflow [`{name}`](fn@{name}); its `run` is the plain function.");
        Self { call: format_ident!("WorkflowCall"), doc }
    }

    /// The stub function and the type of the same name. They come first in an expansion: a body that
    /// does not parse then takes neither of them along.
    pub(crate) fn tokens(&self, function: &Function) -> TokenStream {
        let Function { name, vis, stub_attrs, cfgs, .. } = function;
        let Self { call, doc } = self;
        let names: Vec<_> = function.arguments().map(|argument| &argument.name).collect();
        let types = function.arguments().map(|argument| &argument.ty);
        quote! {
            #cfgs
            #stub_attrs
            #[allow(dead_code, clippy::too_many_arguments)]
            #[track_caller]
            #vis fn #name(#(#names: #types),*) -> ::persevere::#call<#name> {
                ::persevere::#call::__new((#(#names,)*))
            }

            #cfgs
            #[doc = #doc]
            #[allow(non_camel_case_types, dead_code)]
            #vis struct #name {}
        }
    }
}

/// `impl charge { async fn run(…) -> … { … } }`, with the body as written.
pub(crate) fn plain(function: &Function) -> TokenStream {
    let Function { name, vis, run_attrs, cfgs, output, body, .. } = function;
    let params = function.params.iter().map(|param| {
        let (pattern, ty) = (&param.pattern, &param.ty);
        quote!(#pattern: #ty)
    });
    let doc = format!("The plain function: runs `{name}` here and now, without durability.");
    quote! {
        #cfgs
        impl #name {
            #[doc = #doc]
            #run_attrs
            #[allow(dead_code, clippy::too_many_arguments)]
            #vis async fn run(#(#params),*) -> #output #body
        }
    }
}

/// `impl Activity for charge` or `impl Workflow for hello`: what both sides of the wire know.
pub(crate) fn definition(
    function: &Function,
    of: &str,
    wire_name: &str,
    defaults: &TokenStream,
) -> TokenStream {
    let name = &function.name;
    let of = Ident::new(of, Span::call_site());
    let input = input(function);
    let argument_names = argument_names(function);
    let output = returned(function, "Output");
    let error = returned(function, "Error");
    let checks = argument_checks(function);
    quote! {
        #[automatically_derived]
        impl ::persevere::__private::#of for #name {
            const NAME: &'static str = #wire_name;
            const ARGUMENTS: &'static [&'static str] = #argument_names;
            #defaults
            type Input = #input;
            type Output = #output;
            type Error = #error;
        }
        #[allow(dead_code)]
        fn __check() { #checks }
    }
}

/// `(Order, Amount,)`: the arguments as one type.
pub(crate) fn input(function: &Function) -> TokenStream {
    let types = function.arguments().map(|argument| &argument.ty);
    quote!((#(#types,)*))
}

/// `["order", "amount"]`: the arguments' names, for messages.
fn argument_names(function: &Function) -> TokenStream {
    let names = function.arguments().map(|argument| argument.name.to_string());
    quote!(&[#(#names),*])
}

/// `<Result<Receipt> as Returned>::Which`, with errors pointing at the return type: what a function
/// returns is asked of a trait, so that aliases of `Result` work.
fn returned(function: &Function, which: &str) -> TokenStream {
    let output = &function.output;
    let which = Ident::new(which, Span::call_site());
    let span = spanned(output);
    quote_spanned!(span=> <#output as ::persevere::__private::Returned>::#which)
}

/// Checks under each argument's type that it can cross the wire.
fn argument_checks(function: &Function) -> TokenStream {
    function
        .arguments()
        .map(|argument| {
            let ty = &argument.ty;
            let span = spanned(ty);
            quote_spanned!(span=> let _ = ::persevere::__private::assert_argument::<#ty>;)
        })
        .collect()
}

/// Where an error about these tokens points: at the first of them.
pub(crate) fn spanned(tokens: &TokenStream) -> Span {
    tokens.clone().into_iter().next().map_or_else(Span::call_site, |token| token.span())
}
