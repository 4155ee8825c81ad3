//! `#[derive(Failure)]`: an error's variants, whether they may be retried and when.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Fields};

use crate::errors::Errors;
use crate::parse::duration;
use crate::parse::options::{self, Opt, Value};

/// An error type.
pub(crate) struct Failure {
    pub(crate) ident: Ident,
    pub(crate) variants: Vec<Variant>,
}

/// One way to fail.
pub(crate) struct Variant {
    /// `PayError::Declined`, or `Self` for a struct.
    pub(crate) path: TokenStream,
    /// The failure's type on the wire.
    pub(crate) name: String,
    pub(crate) non_retryable: bool,
    pub(crate) retry_after: Option<RetryAfter>,
}

/// When to try again.
pub(crate) enum RetryAfter {
    Millis(u64),
    /// A field of the variant: its name or index, as in a pattern.
    Field(TokenStream),
}

impl Failure {
    pub(crate) fn new(item: &DeriveInput, errors: &mut Errors) -> Option<Self> {
        if !item.generics.params.is_empty() {
            errors.at(
                &item.generics,
                "an error that crosses the wire has one type there, so it cannot be generic",
            );
            return None;
        }
        let variants = match &item.data {
            Data::Struct(data) => {
                vec![variant(&item.ident, quote!(Self), &data.fields, &item.attrs, errors)]
            }
            Data::Enum(data) => {
                refuse_on_enum(&item.attrs, errors);
                let variants = data.variants.iter().map(|syntax| {
                    let ident = &syntax.ident;
                    variant(ident, quote!(Self::#ident), &syntax.fields, &syntax.attrs, errors)
                });
                variants.collect()
            }
            Data::Union(data) => {
                errors.at(&data.union_token, "an error is a struct or an enum");
                return None;
            }
        };
        if variants.is_empty() {
            errors.at(&item.ident, "an error without variants can never happen: add one");
            return None;
        }
        Some(Self { ident: item.ident.clone(), variants })
    }
}

fn refuse_on_enum(attrs: &[Attribute], errors: &mut Errors) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("failure")) {
        errors.at(
            attr,
            "`#[failure(…)]` goes on a variant of the enum, for each fails in its own way",
        );
    }
}

fn variant(
    ident: &Ident,
    path: TokenStream,
    fields: &Fields,
    attrs: &[Attribute],
    errors: &mut Errors,
) -> Variant {
    let mut variant =
        Variant { path, name: ident.unraw().to_string(), non_retryable: false, retry_after: None };
    let mut never = None;
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("failure")) {
        let Some(list) = errors.keep(attr.meta.require_list().map_err(|_| {
            syn::Error::new_spanned(attr, "expected options: `#[failure(non_retryable)]`")
        })) else {
            continue;
        };
        for option in options::read(list.tokens.clone(), errors) {
            match option.name.to_string().as_str() {
                "name" => {
                    if let Some(given) = option.string(errors) {
                        variant.name = given.value();
                    }
                }
                "non_retryable" => {
                    variant.non_retryable = option.flag(errors);
                    never = Some(option.name.span());
                }
                "retry_after" => variant.retry_after = retry_after(&option, fields, errors),
                _ => options::unknown(&option, &["non_retryable", "retry_after", "name"], errors),
            }
        }
    }
    check_contradiction(&variant, never, errors);
    variant
}

fn check_contradiction(variant: &Variant, never: Option<Span>, errors: &mut Errors) {
    if let (Some(span), Some(_)) = (never, &variant.retry_after) {
        errors.span(span, "`non_retryable` and `retry_after` contradict each other: keep one");
    }
}

fn retry_after(option: &Opt, fields: &Fields, errors: &mut Errors) -> Option<RetryAfter> {
    let tokens = match &option.value {
        Value::Is(tokens) => tokens.clone(),
        Value::None | Value::List(_) => TokenStream::new(),
    };
    if let Ok(text) = syn::parse2::<syn::LitStr>(tokens.clone()) {
        let millis =
            duration::parse(&text.value()).and_then(|time| u64::try_from(time.as_millis()).ok());
        if millis.is_none() {
            errors.at(&text, duration::EXPECTED);
        }
        return millis.map(RetryAfter::Millis);
    }
    let Ok(member) = syn::parse2::<syn::Member>(tokens) else {
        errors.at(
            &option.name,
            "expected a field of type `Duration` or a duration: `retry_after = after`, \
             `retry_after = \"30s\"`",
        );
        return None;
    };
    if !fields.members().any(|field| field == member) {
        let fields: Vec<_> =
            fields.members().map(|field| format!("`{}`", field.to_token_stream())).collect();
        let hint = if fields.is_empty() {
            "it has none".to_owned()
        } else {
            format!("the fields are {}", fields.join(", "))
        };
        let message = format!("no field `{}` here; {hint}", member.to_token_stream());
        errors.at(&member, message);
        return None;
    }
    Some(RetryAfter::Field(member.to_token_stream()))
}
