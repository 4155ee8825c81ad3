//! A filter's text as words, texts, numbers and symbols, each with its position.

use crate::visibility::error::{FilterError, Problem};

/// The smallest parts of a filter.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Token {
    /// A keyword or the name of a field.
    Word(String),
    /// The name of a field in back quotes: never a keyword.
    Name(String),
    /// A text in quotes, without them.
    Text(String),
    /// A number as written.
    Number(String),
    /// An operator, a comma or a parenthesis.
    Symbol(&'static str),
    /// Nothing comes after.
    End,
}

/// Longest first, so that `<=` is not read as `<`.
const SYMBOLS: [&str; 13] = ["<=", ">=", "!=", "<>", "||", "&&", "<", ">", "=", "(", ")", ",", ";"];

/// Splits a filter; positions count characters from 1.
pub(crate) fn tokens(text: &str) -> Result<Vec<(Token, usize)>, FilterError> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let start = at;
        let token = match chars[at] {
            c if c.is_whitespace() => {
                at += 1;
                continue;
            }
            quote @ ('\'' | '"') => Token::Text(quoted(&chars, &mut at, quote)?),
            '`' => Token::Name(quoted(&chars, &mut at, '`')?),
            c if c.is_ascii_digit() || (c == '-' && is_digit(chars.get(at + 1))) => {
                at += 1;
                Token::Number(take(&chars, start, &mut at, |c| {
                    c.is_ascii_alphanumeric() || c == '.'
                }))
            }
            c if c.is_alphabetic() || c == '_' => {
                Token::Word(take(&chars, start, &mut at, |c| c.is_alphanumeric() || c == '_'))
            }
            other => {
                let rest = &chars[at..chars.len().min(at + 2)];
                let symbol = SYMBOLS
                    .iter()
                    .find(|symbol| {
                        symbol.chars().zip(rest).filter(|(a, b)| a == *b).count() == symbol.len()
                    })
                    .ok_or_else(|| FilterError {
                        problem: Problem::Syntax {
                            expected: "a condition",
                            found: format!("'{other}'"),
                        },
                        position: start + 1,
                    })?;
                at += symbol.len();
                Token::Symbol(symbol)
            }
        };
        tokens.push((token, start + 1));
    }
    tokens.push((Token::End, chars.len() + 1));
    Ok(tokens)
}

fn is_digit(c: Option<&char>) -> bool {
    c.is_some_and(char::is_ascii_digit)
}

/// Moves `at` over what belongs to a token that started at `start`.
fn take(chars: &[char], start: usize, at: &mut usize, belongs: impl Fn(char) -> bool) -> String {
    while chars.get(*at).is_some_and(|c| belongs(*c)) {
        *at += 1;
    }
    chars[start..*at].iter().collect()
}

/// What stands in quotes. The quote itself is written twice, or after a backslash.
fn quoted(chars: &[char], at: &mut usize, quote: char) -> Result<String, FilterError> {
    let start = *at;
    let mut text = String::new();
    *at += 1;
    loop {
        match (chars.get(*at), chars.get(*at + 1)) {
            (Some(c), Some(next)) if *c == '\\' || (*c == quote && *next == quote) => {
                text.push(*next);
                *at += 2;
            }
            (Some(c), _) if *c == quote => {
                *at += 1;
                return Ok(text);
            }
            (Some(c), _) => {
                text.push(*c);
                *at += 1;
            }
            (None, _) => {
                return Err(FilterError { problem: Problem::OpenQuote, position: start + 1 });
            }
        }
    }
}
