//! What a function that looks tokens up must not return for a user.

use std::any::{TypeId, type_name};

use http::{HeaderMap, StatusCode};
use sallet_core::auth::{CredentialsError, Refusal, Rejection};

use super::{BearerToken, Denied};

// A generic type has no id without its parameters; its name begins with its path.
const GENERIC: [&str; 5] = [
    "core::option::Option<",
    "core::result::Result<",
    "core::ops::control_flow::ControlFlow<",
    "core::task::poll::Poll<",
    "http::response::Response<",
];

/// Panics if a value of this type says how the look-up went, and not who sent the request.
///
/// `Ok` lets a request in whatever is in it. `Ok(None)` of a query, `Ok(Err(_))` of one that was not unwrapped,
/// `Ok(false)` and `Ok(StatusCode::UNAUTHORIZED)` are there for a bad token as for a good one. Types cannot be kept out by
/// a bound without a trait that every user type would have to implement, so this is found when the server starts.
#[track_caller]
pub(super) fn check<U: 'static>() {
    assert!(
        !is_verdict::<U>(),
        "the look-up returns Ok({}), which admits everybody: return the user in Ok, as a type of yours, and \
         Err(Denied::Refused(Refusal::InvalidToken)) for a token that is not good (Option::ok_or makes one of the other)",
        type_name::<U>()
    );
}

fn is_verdict<U: 'static>() -> bool {
    let kinds = [
        TypeId::of::<()>(),
        TypeId::of::<bool>(),
        TypeId::of::<StatusCode>(),
        TypeId::of::<HeaderMap>(),
        TypeId::of::<Denied>(),
        TypeId::of::<Refusal>(),
        TypeId::of::<Rejection>(),
        TypeId::of::<CredentialsError>(),
        // What was shown and not whom it belongs to.
        TypeId::of::<BearerToken>(),
    ];
    let name = type_name::<U>();
    kinds.contains(&TypeId::of::<U>()) || GENERIC.iter().any(|generic| name.starts_with(generic))
}
