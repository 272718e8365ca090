//! Passwords as what Basic is verified by.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::request::Parts;
use sallet_core::auth::{AuthScheme, Refusal};

use super::Passwords;
use crate::require_auth::{Denied, PresentedToken, Principal, Verdict, Verify};

impl Verify for Passwords {
    type User = Principal;
    type Later = PasswordsFuture;

    fn verify(&self, login: PresentedToken, _: &Parts) -> Verdict<Principal, PasswordsFuture> {
        let users = self.clone();
        Verdict::Later(PasswordsFuture(Box::pin(async move {
            let (name, password) = login.user_and_password().ok_or(Refusal::InvalidToken)?;
            Ok(Self::verify(&users, name, password).await?)
        })))
    }

    fn fits(&self, scheme: AuthScheme) -> Result<(), &'static str> {
        match scheme {
            AuthScheme::Basic => Ok(()),
            _ => Err(
                "Passwords are for Basic, no other scheme presents a user and a password: write Basic::verify_by(users)",
            ),
        }
    }
}

/// Whose password it is, as soon as it is hashed. It is boxed: hashing takes ten thousand times as long.
#[must_use = "futures do nothing unless polled"]
pub struct PasswordsFuture(Pin<Box<dyn Future<Output = Result<Principal, Denied>> + Send>>);

impl Future for PasswordsFuture {
    type Output = Result<Principal, Denied>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for PasswordsFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordsFuture(..)")
    }
}
