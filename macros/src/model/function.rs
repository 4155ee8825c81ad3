//! What an activity and a workflow have in common: an async function with owned arguments, whose
//! signature can be split into a stub and a plain function.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::spanned::Spanned;
use syn::{Attribute, FnArg, GenericParam, Pat, PatType, ReturnType, Signature};

use crate::errors::Errors;
use crate::parse::item::FnItem;

/// As many as the argument tuples of the SDK have elements.
const ARGUMENTS_MAX: usize = 8;

/// Which attribute is at work: its words in messages.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Activity,
    Workflow,
}

impl Kind {
    /// As in "an activity is …".
    pub(crate) fn a(self) -> &'static str {
        match self {
            Self::Activity => "an activity",
            Self::Workflow => "a workflow",
        }
    }
}

/// A durable function, taken apart.
pub(crate) struct Function {
    pub(crate) name: Ident,
    pub(crate) vis: TokenStream,
    /// Attributes for the stub: documentation and deprecation.
    pub(crate) stub_attrs: TokenStream,
    /// Attributes for the plain function: all but those.
    pub(crate) run_attrs: TokenStream,
    /// `#[cfg]`s, for every item generated.
    pub(crate) cfgs: TokenStream,
    pub(crate) params: Vec<Param>,
    /// The return type as written.
    pub(crate) output: TokenStream,
    pub(crate) body: TokenStream,
}

/// One parameter.
pub(crate) struct Param {
    pub(crate) pattern: TokenStream,
    /// The name in the stub and in messages.
    pub(crate) name: Ident,
    pub(crate) ty: TokenStream,
    pub(crate) source: Source,
}

/// Where a parameter's value comes from.
pub(crate) enum Source {
    /// The caller, over the wire.
    Caller,
    /// The worker, a clone for each call.
    Dependency,
    /// The worker, lent for the call: the type behind the reference.
    Lent(TokenStream),
}

impl Param {
    pub(crate) fn is_argument(&self) -> bool {
        matches!(self.source, Source::Caller)
    }
}

impl Function {
    /// Takes `item` apart. `None` when it has no form that could be called, so that nothing can be
    /// generated beside the errors.
    pub(crate) fn new(item: FnItem, kind: Kind, errors: &mut Errors) -> Option<Self> {
        let usable =
            check_qualifiers(&item.sig, kind, errors) & check_generics(&item, kind, errors);
        let params = params(&item.sig, kind, errors);
        let output = output(&item.sig, kind, errors);
        let Some(body) = item.body else {
            errors.at(&item.sig.ident, format!("{} needs a body", kind.a()));
            return None;
        };
        let attrs = Attributes::split(&item.attrs);
        Some(Self {
            name: item.sig.ident,
            vis: item.vis.into_token_stream(),
            stub_attrs: attrs.stub,
            run_attrs: attrs.run,
            cfgs: attrs.cfgs,
            params: params.filter(|_| usable)?,
            output: output?,
            body,
        })
    }

    /// The parameters that cross the wire.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|param| param.is_argument())
    }
}

/// A function's attributes by where they go.
pub(crate) struct Attributes {
    pub(crate) stub: TokenStream,
    pub(crate) run: TokenStream,
    pub(crate) cfgs: TokenStream,
}

impl Attributes {
    pub(crate) fn split(attrs: &[Attribute]) -> Self {
        let mut split =
            Self { stub: TokenStream::new(), run: TokenStream::new(), cfgs: TokenStream::new() };
        for attr in attrs {
            let path = attr.path();
            let to = if path.is_ident("cfg") {
                &mut split.cfgs
            } else if ["doc", "deprecated", "must_use"].iter().any(|name| path.is_ident(name)) {
                &mut split.stub
            } else {
                &mut split.run
            };
            attr.to_tokens(to);
        }
        split
    }
}

fn check_qualifiers(sig: &Signature, kind: Kind, errors: &mut Errors) -> bool {
    let a = kind.a();
    let name = &sig.ident;
    let mut usable = true;
    let mut refuse = |at: &dyn ToTokens, message: String| {
        errors.at(&at.to_token_stream(), message);
        usable = false;
    };
    if sig.asyncness.is_none() {
        let message = format!("{a} is an `async fn`: write `async fn {name}(…)`");
        refuse(&sig.fn_token, message);
    }
    if let Some(constness) = &sig.constness {
        refuse(constness, format!("{a} runs at run time: remove `const`"));
    }
    if let Some(unsafety) = &sig.unsafety {
        let message = format!(
            "{a} is called by the worker, which cannot promise anything: remove \
                               `unsafe` and use `unsafe` blocks in the body"
        );
        refuse(unsafety, message);
    }
    if let Some(abi) = &sig.abi {
        refuse(abi, format!("{a} is a Rust function: remove the ABI"));
    }
    if let Some(variadic) = &sig.variadic {
        refuse(variadic, format!("{a} has a fixed number of arguments: take a `Vec` instead"));
    }
    usable
}

fn check_generics(item: &FnItem, kind: Kind, errors: &mut Errors) -> bool {
    let a = kind.a();
    let generics = &item.sig.generics;
    for param in &generics.params {
        let message = match param {
            GenericParam::Lifetime(_) => format!(
                "{a} borrows nothing, for its arguments come over the wire: remove the lifetime and \
                 take owned types, such as `String` for `&str`"
            ),
            GenericParam::Type(_) | GenericParam::Const(_) => format!(
                "{a} has one name and one type on the wire, so it cannot be generic: write one \
                 function for each type, each calling a generic one"
            ),
        };
        errors.at(param, message);
    }
    if let (Some(clause), true) = (&generics.where_clause, generics.params.is_empty()) {
        errors.at(clause, format!("{a} cannot be generic: remove the `where` clause"));
    }
    generics.params.is_empty() && generics.where_clause.is_none()
}

fn params(sig: &Signature, kind: Kind, errors: &mut Errors) -> Option<Vec<Param>> {
    let mut params = Vec::new();
    let mut usable = true;
    for (index, input) in sig.inputs.iter().enumerate() {
        match input {
            FnArg::Receiver(receiver) => {
                let hint = match kind {
                    Kind::Activity => {
                        "methods become activities inside `#[activities] impl Billing { … }`"
                    }
                    Kind::Workflow => "a workflow is a free function: take owned arguments",
                };
                errors.at(receiver, format!("`self` is not possible here: {hint}"));
                usable = false;
            }
            FnArg::Typed(typed) => match param(typed, index, kind, errors) {
                Some(param) => params.push(param),
                None => usable = false,
            },
        }
    }
    let arguments: Vec<_> = params.iter().filter(|param| param.is_argument()).collect();
    if let Some(extra) = arguments.get(ARGUMENTS_MAX) {
        errors.at(
            &extra.name,
            format!("{} takes at most {ARGUMENTS_MAX} arguments: put them in a struct", kind.a()),
        );
        usable = false;
    }
    usable.then_some(params)
}

fn param(typed: &PatType, index: usize, kind: Kind, errors: &mut Errors) -> Option<Param> {
    let dep = typed.attrs.iter().find(|attr| attr.path().is_ident("dep"));
    let mut usable = true;
    if let Some(dep) = dep {
        errors.keep(dep.meta.require_path_only().map_err(|_| {
            syn::Error::new_spanned(dep, "`#[dep]` takes no options: the type says what is wanted")
        }));
        if kind == Kind::Workflow {
            errors.at(
                dep,
                "a workflow has no dependencies, for it must replay anywhere: take the dependency \
                 in an activity and call that",
            );
            usable = false;
        }
    }
    let source = match (dep, &*typed.ty) {
        (None, _) => Source::Caller,
        (Some(_), syn::Type::Reference(reference)) if reference.mutability.is_none() => {
            Source::Lent(reference.elem.to_token_stream())
        }
        (Some(_), _) => Source::Dependency,
    };
    if !matches!(source, Source::Lent(_)) {
        usable &= check_owned(&typed.ty, &source, kind, errors);
    }
    let others = typed.attrs.iter().filter(|attr| !attr.path().is_ident("dep"));
    let pattern = &typed.pat;
    usable.then(|| Param {
        pattern: quote::quote!(#(#others)* #pattern),
        name: stub_name(pattern, index),
        ty: typed.ty.to_token_stream(),
        source,
    })
}

/// The parameter's name in the stub: its own, or a made-up one for a pattern.
fn stub_name(pattern: &Pat, index: usize) -> Ident {
    match pattern {
        Pat::Ident(ident) if ident.subpat.is_none() => ident.ident.clone(),
        _ => format_ident!("argument_{index}", span = Span::mixed_site()),
    }
}

/// A type that names something borrowed or unnameable cannot be decoded from a payload.
fn check_owned(ty: &syn::Type, source: &Source, kind: Kind, errors: &mut Errors) -> bool {
    let dependency = matches!(source, Source::Dependency);
    if let syn::Type::Reference(reference) = ty {
        let owned = match reference.elem.to_token_stream().to_string().as_str() {
            "str" => "`String`".to_owned(),
            other => format!("`{other}`"),
        };
        let message = if dependency {
            "a dependency is shared by all calls: take it by value or by `&`, and put what changes \
             behind a lock"
                .to_owned()
        } else {
            format!(
                "{} takes owned arguments, for they come over the wire: write {owned}",
                kind.a()
            )
        };
        errors.at(ty, message);
        return false;
    }
    let Some((span, what)) = find_borrowed(ty.to_token_stream()) else { return true };
    let message = match what {
        Unowned::ImplTrait => {
            "an argument needs one type that can be decoded: name the type \
                               instead of `impl …`"
        }
        Unowned::Lifetime => {
            "an argument owns its data, for it comes over the wire: use the owned \
                              type, without a lifetime"
        }
    };
    errors.span(span, message);
    false
}

enum Unowned {
    ImplTrait,
    Lifetime,
}

/// The first `impl` or lifetime (other than `'static`) within a type.
fn find_borrowed(tokens: TokenStream) -> Option<(Span, Unowned)> {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(ident) if ident == "impl" => {
                return Some((ident.span(), Unowned::ImplTrait));
            }
            TokenTree::Punct(punct) if punct.as_char() == '\'' => match tokens.peek() {
                Some(TokenTree::Ident(name)) if name == "static" => {}
                _ => return Some((punct.span(), Unowned::Lifetime)),
            },
            TokenTree::Group(group) => {
                if let Some(found) = find_borrowed(group.stream()) {
                    return Some(found);
                }
            }
            _ => {}
        }
    }
    None
}

fn output(sig: &Signature, kind: Kind, errors: &mut Errors) -> Option<TokenStream> {
    let ty = match &sig.output {
        ReturnType::Default => {
            errors.span(
                sig.paren_token.span.close(),
                format!(
                    "{} returns a `Result`, for any of them can fail: write `-> Result<()>`",
                    kind.a()
                ),
            );
            return None;
        }
        ReturnType::Type(_, ty) => ty,
    };
    if let syn::Type::ImplTrait(_) = &**ty {
        errors.at(ty, "a result needs one type that can be decoded: name it instead of `impl …`");
        return None;
    }
    if let Some((_, Unowned::Lifetime)) = find_borrowed(ty.to_token_stream()) {
        errors.span(ty.span(), "a result owns its data: return the owned type, without a lifetime");
        return None;
    }
    Some(ty.to_token_stream())
}
