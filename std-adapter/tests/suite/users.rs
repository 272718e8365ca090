//! What a function that looks tokens up may return for a user: `Ok` admits whatever is in it.

use std::any::type_name;
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::task::Poll;

use http::{HeaderMap, Request, Response, StatusCode};
use sallet_core::auth::{CredentialsError, Reason, Refusal};
use sallet_hyper::require_auth::PresentedToken;
use sallet_hyper::{Bearer, RequireAuthLayer};
use tower::{Layer, ServiceExt, service_fn};

#[derive(Clone, Debug, PartialEq)]
struct User(u64);

/// A user of one's own that has a name like the types which are refused.
#[derive(Clone)]
struct Option2<T>(T);

fn message<U: Clone + Send + Sync + 'static>() -> Option<String> {
    let made = catch_unwind(|| {
        drop(Bearer::from_fn(async |_: PresentedToken| -> Result<U, Refusal> { Err(Refusal::InvalidToken) }));
    });
    made.err().map(|panic| panic.downcast_ref::<String>().expect("a formatted message").clone())
}

#[test]
fn what_says_how_the_look_up_went_is_no_user() {
    macro_rules! refused {
        ($($kind:ty),* $(,)?) => {$(
            let text = message::<$kind>().unwrap_or_else(|| panic!("{} is a user", type_name::<$kind>()));
            assert!(text.contains(type_name::<$kind>()) && text.contains("return the user in Ok"), "{text}");
        )*};
    }
    refused!(
        (),
        bool,
        StatusCode,
        HeaderMap,
        Refusal,
        Reason,
        CredentialsError,
        PresentedToken,
        Option<User>,
        Option<Option<User>>,
        Option<()>,
        Option<String>,
        Result<User, Refusal>,
        Result<(), String>,
        ControlFlow<User>,
        Poll<User>,
        Response<()>,
        Response<String>,
        // Wrapped.
        Arc<Option<User>>,
        Arc<Arc<Option<User>>>,
        &'static Option<User>,
        Box<Option<User>>,
        (Option<User>,),
        [Option<User>; 1],
        Arc<Result<User, String>>,
        Arc<bool>,
        Arc<Refusal>,
        ((),),
        Arc<([Option<User>; 1],)>,
        // None or more.
        Vec<User>,
        Arc<[User]>,
        &'static [User],
        HashMap<u8, User>,
        // Texts and numbers.
        String,
        &'static str,
        Arc<str>,
        Cow<'static, str>,
        u64,
        f64,
        [u8; 16],
        std::num::NonZeroU8,
        fn() -> bool,
        http::HeaderValue,
        http::Method,
        Arc<http::response::Parts>,
        std::cmp::Ordering,
        Arc<std::io::Error>,
        Arc<dyn std::error::Error + Send + Sync>,
    );
}

#[test]
fn users_of_every_kind_are_taken() {
    macro_rules! taken {
        ($($kind:ty),* $(,)?) => {$(
            assert_eq!(message::<$kind>(), None, "{}", type_name::<$kind>());
        )*};
    }
    taken!(
        User,
        Arc<User>,
        Box<User>,
        &'static User,
        (User,),
        (User, u8),
        (u64, Option<String>),
        Option2<u8>,
        [User; 1]
    );
}

#[tokio::test]
async fn a_user_of_ones_own_is_put_into_the_extensions() {
    let bearer = Bearer::from_fn(async |token: PresentedToken| match token.as_str() {
        "abc" => Ok::<_, Refusal>(User(7)),
        _ => Err(Refusal::InvalidToken),
    });
    let service = RequireAuthLayer::new(bearer).layer(service_fn(async |request: Request<()>| {
        assert_eq!(request.extensions().get::<User>(), Some(&User(7)));
        Ok::<_, std::convert::Infallible>(Response::new(String::new()))
    }));
    for (token, status) in [("abc", 200), ("abd", 401)] {
        let request = Request::get("/").header("authorization", format!("Bearer {token}")).body(()).expect("a request");
        assert_eq!(service.clone().oneshot(request).await.expect("an answer").status(), status);
    }
}
