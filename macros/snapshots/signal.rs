#[derive(
    ::persevere::__private::serde::Serialize,
    ::persevere::__private::serde::Deserialize
)]
#[serde(crate = "::persevere::__private::serde")]
/// Lets it go on.
#[derive(Debug)]
pub struct Approve {
    by: String,
}
#[automatically_derived]
impl ::persevere::Signal for Approve {
    const NAME: &'static str = "approve";
}
