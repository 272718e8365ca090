//! What a function that looks tokens up must not return for a user.

use std::any::type_name;
use std::cmp::Ordering;

use sallet_core::auth::{CredentialsError, Reason, Refusal};

use super::PresentedToken;

/// How the names of types begin that say how a look-up went, or that may hold nothing. A generic type has no id without its
/// parameters, so names are compared.
const PREFIXES: [&str; 20] = [
    "core::option::Option<",
    "core::result::Result<",
    "core::ops::control_flow::ControlFlow<",
    "core::task::poll::Poll<",
    "http::",
    "std::io::",
    "dyn core::error::Error",
    // Rows of a query, which may be none.
    "alloc::vec::Vec<",
    "alloc::collections::",
    "std::collections::",
    // Texts and numbers: an error message, a count of rows.
    "alloc::string::String",
    "alloc::borrow::Cow<",
    "core::num::",
    "core::sync::atomic::",
    // What would have given the verdict, had it been called.
    "fn(",
    "unsafe fn(",
    "extern ",
    "unsafe extern ",
    "for<",
    "core::marker::PhantomData<",
];

const POINTERS: [&str; 4] = ["alloc::sync::Arc<", "alloc::rc::Rc<", "alloc::boxed::Box<", "core::pin::Pin<"];

/// Panics if a value of this type says how the look-up went, and not who sent the request.
///
/// `Ok` lets a request in whatever is in it. `Ok(None)` of a query, `Ok(Err(_))` of one that was not unwrapped,
/// `Ok(false)` and `Ok(StatusCode::UNAUTHORIZED)` are there for a bad token as for a good one. Types cannot be kept out by
/// a bound without a trait that every user type would have to implement, so this is found when the server starts. What is
/// inside a type of the user's own is not seen.
#[track_caller]
pub(super) fn check<U: 'static>() {
    assert!(
        !is_verdict(type_name::<U>()),
        "the look-up returns Ok({}), which admits everybody: return the user in Ok, as a type of yours, and \
         Err(Refusal::InvalidToken) for a token that is not good (Option::ok_or makes one of the other). \
         Wrap a text or a number in a type of your own: struct User(String)",
        type_name::<U>()
    );
}

fn is_verdict(mut name: &str) -> bool {
    while let Some(inner) = peeled(name) {
        name = inner;
    }
    let kinds = [
        type_name::<()>(),
        type_name::<bool>(),
        type_name::<Ordering>(),
        type_name::<Refusal>(),
        type_name::<Reason>(),
        type_name::<CredentialsError>(),
        // What was shown and not whom it belongs to.
        type_name::<PresentedToken>(),
    ];
    kinds.contains(&name) || is_plain_value(name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// What a pointer, a tuple of one or an array holds. A slice may be empty, so it is left for [`is_plain_value`].
fn peeled(name: &str) -> Option<&str> {
    if let Some(inner) = name.strip_prefix('&') {
        return Some(inner.strip_prefix("mut ").unwrap_or(inner));
    }
    if let Some(array) = name.strip_prefix('[') {
        return array.strip_suffix(']')?.rsplit_once("; ").map(|(inner, _)| inner);
    }
    if let Some(tuple) = name.strip_prefix('(') {
        return tuple.strip_suffix(",)");
    }
    POINTERS.iter().find_map(|pointer| name.strip_prefix(pointer)?.strip_suffix('>'))
}

/// Whether it is a primitive type or a slice: it says nothing of whose it is.
fn is_plain_value(name: &str) -> bool {
    let primitives = [
        "str", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "f32",
        "f64",
    ];
    primitives.contains(&name) || name.starts_with('[') || name.ends_with("{{closure}}")
}
