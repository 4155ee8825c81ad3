//! A function, or an `impl` block of functions, whose bodies are not parsed.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Signature, Token, Visibility, token};

/// A function with its signature parsed and its body as written.
pub(crate) struct FnItem {
    pub(crate) attrs: Vec<Attribute>,
    pub(crate) vis: Visibility,
    pub(crate) sig: Signature,
    /// The body with its braces; `None` for a declaration that ends in `;`.
    pub(crate) body: Option<TokenStream>,
}

impl Parse for FnItem {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig = input.parse()?;
        let body = if input.peek(Token![;]) {
            input.parse::<Token![;]>()?;
            None
        } else if input.peek(token::Brace) {
            Some(input.parse::<proc_macro2::TokenTree>()?.into_token_stream())
        } else {
            return Err(input.error("expected the function's body"));
        };
        Ok(Self { attrs, vis, sig, body })
    }
}

/// An inherent `impl` block: functions apart, everything else as written.
pub(crate) struct ImplItem {
    pub(crate) self_ty: syn::Type,
    pub(crate) generics: syn::Generics,
    /// The trait of a trait `impl`, for the error message.
    pub(crate) trait_: Option<syn::Path>,
    pub(crate) functions: Vec<FnItem>,
}

impl Parse for ImplItem {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.call(Attribute::parse_outer)?;
        input.parse::<Option<Token![unsafe]>>()?;
        input.parse::<Token![impl]>()?;
        let generics = if input.peek(Token![<]) { input.parse()? } else { Default::default() };
        let first: syn::Type = input.parse()?;
        let (trait_, self_ty) = if input.parse::<Option<Token![for]>>()?.is_some() {
            let path = match first {
                syn::Type::Path(path) => path.path,
                other => return Err(syn::Error::new_spanned(other, "expected a trait")),
            };
            (Some(path), input.parse()?)
        } else {
            (None, first)
        };
        let content;
        syn::braced!(content in input);
        content.call(Attribute::parse_inner)?;
        let mut functions = Vec::new();
        while !content.is_empty() {
            match content.parse::<FnItem>() {
                Ok(function) => functions.push(function),
                // A constant or a type alias: the compiler sees it in the item emitted again.
                Err(_) => skip_to_next_item(&content)?,
            }
        }
        Ok(Self { self_ty, generics, trait_, functions })
    }
}

/// Skips one item that is no function: up to its `;` or braces.
fn skip_to_next_item(content: ParseStream<'_>) -> syn::Result<()> {
    while !content.is_empty() {
        let ends = content.peek(Token![;]) || content.peek(token::Brace);
        content.parse::<proc_macro2::TokenTree>()?;
        if ends {
            break;
        }
    }
    Ok(())
}
