//! Options in attributes: `name = value`, `name(…)` and bare `name`, comma separated. An option that
//! does not parse is reported and the rest still read.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Lit, LitInt, LitStr, Token};

use super::duration;
use crate::errors::Errors;

/// One option as written.
pub(crate) struct Opt {
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

/// What follows an option's name.
pub(crate) enum Value {
    /// Nothing: a flag.
    None,
    /// `= tokens`.
    Is(TokenStream),
    /// `(tokens)`.
    List(TokenStream),
}

impl Parse for Opt {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let name = input.call(<Ident as syn::ext::IdentExt>::parse_any)?;
        let value = if input.parse::<Option<Token![=]>>()?.is_some() {
            let mut tokens = TokenStream::new();
            while !input.is_empty() && !input.peek(Token![,]) {
                tokens.extend([input.parse::<TokenTree>()?]);
            }
            Value::Is(tokens)
        } else if input.peek(syn::token::Paren) {
            let content;
            syn::parenthesized!(content in input);
            Value::List(content.parse()?)
        } else {
            Value::None
        };
        Ok(Self { name, value })
    }
}

/// Reads comma separated options, reporting what does not parse.
pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Vec<Opt> {
    let parser = |input: ParseStream<'_>| {
        let mut options: Vec<Opt> = Vec::new();
        let mut failed = Vec::new();
        while !input.is_empty() {
            match input.parse() {
                Ok(option) => options.push(option),
                Err(error) => failed.push(error),
            }
            while !input.is_empty() && !input.peek(Token![,]) {
                let extra: TokenTree = input.parse()?;
                failed.push(syn::Error::new(extra.span(), "expected `,` between options"));
            }
            input.parse::<Option<Token![,]>>()?;
        }
        Ok((options, failed))
    };
    let Some((options, failed)) = errors.keep(parser.parse2(tokens)) else { return Vec::new() };
    failed.into_iter().for_each(|error| errors.push(error));
    for (index, option) in options.iter().enumerate() {
        if options[..index].iter().any(|earlier| earlier.name == option.name) {
            errors.at(&option.name, format!("option `{}` is given twice", option.name));
        }
    }
    options
}

/// Reports an option that does not exist and lists those that do.
pub(crate) fn unknown(option: &Opt, valid: &[&str], errors: &mut Errors) {
    let valid = valid.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    errors.at(&option.name, format!("unknown option `{}`; the options are {valid}", option.name));
}

impl Opt {
    /// Where to point when the value is missing or wrong.
    fn span(&self) -> Span {
        match &self.value {
            Value::Is(tokens) | Value::List(tokens) if !tokens.is_empty() => {
                tokens.clone().into_iter().next().map_or(self.name.span(), |first| first.span())
            }
            _ => self.name.span(),
        }
    }

    fn value<T: Parse>(&self, expected: &str, errors: &mut Errors) -> Option<T> {
        match &self.value {
            Value::Is(tokens) => syn::parse2(tokens.clone()).ok(),
            Value::None | Value::List(_) => None,
        }
        .or_else(|| {
            errors.span(self.span(), expected);
            None
        })
    }

    /// A non-empty string.
    pub(crate) fn string(&self, errors: &mut Errors) -> Option<LitStr> {
        let expected = format!("expected a string: `{} = \"…\"`", self.name);
        let literal: LitStr = self.value(&expected, errors)?;
        if literal.value().is_empty() {
            errors.at(&literal, format!("`{}` must not be empty", self.name));
            return None;
        }
        Some(literal)
    }

    /// A duration, in milliseconds, above zero.
    pub(crate) fn millis(&self, errors: &mut Errors) -> Option<u64> {
        let literal: LitStr = self.value(duration::EXPECTED, errors)?;
        match duration::parse(&literal.value()) {
            Some(duration) if duration.is_zero() => {
                errors.at(&literal, format!("`{}` must be longer than zero", self.name));
                None
            }
            Some(duration) => u64::try_from(duration.as_millis()).ok(),
            None => {
                errors.at(&literal, duration::EXPECTED);
                None
            }
        }
    }

    /// A whole number that fits, at least 1.
    pub(crate) fn count(&self, errors: &mut Errors) -> Option<u32> {
        let expected = format!("expected a whole number above zero: `{} = 5`", self.name);
        let literal: LitInt = self.value(&expected, errors)?;
        match literal.base10_parse::<u32>() {
            Ok(count) if count > 0 => Some(count),
            _ => {
                errors.at(&literal, expected);
                None
            }
        }
    }

    /// A number of at least 1, such as `2` or `1.5`.
    pub(crate) fn factor(&self, errors: &mut Errors) -> Option<f64> {
        let expected = format!("expected a number of at least 1: `{} = 2.0`", self.name);
        let literal: Lit = self.value(&expected, errors)?;
        let number = match &literal {
            Lit::Int(int) => int.base10_parse::<f64>().ok(),
            Lit::Float(float) => float.base10_parse::<f64>().ok(),
            _ => None,
        };
        match number {
            Some(number) if number >= 1.0 => Some(number),
            _ => {
                errors.at(&literal, expected);
                None
            }
        }
    }

    /// The options within the parentheses.
    pub(crate) fn list(&self, example: &str, errors: &mut Errors) -> Option<TokenStream> {
        match &self.value {
            Value::List(tokens) => Some(tokens.clone()),
            Value::None | Value::Is(_) => {
                errors.span(self.span(), format!("expected a list: `{example}`"));
                None
            }
        }
    }

    /// Reports a value given to a flag.
    pub(crate) fn flag(&self, errors: &mut Errors) -> bool {
        if let Value::Is(tokens) | Value::List(tokens) = &self.value {
            let at = if tokens.is_empty() {
                self.name.to_token_stream()
            } else {
                tokens.to_token_stream()
            };
            errors.at(&at, format!("`{}` takes no value", self.name));
        }
        true
    }
}
