//! What `add-a-scheme.patch` adds to hyper, through the layer.

use std::convert::Infallible;
use std::sync::Arc;

use http::{Request, Response};
use sallet_core::auth::{Key, Keyring, Refusal};
use sallet_core::secret::Digest;
use sallet_hyper::require_auth::PresentedToken;
use sallet_hyper::{Basic, Layer, OwnedKeyring, Principal, RequireAuthLayer};
use tower::{ServiceExt, service_fn};

const GOOD: &str = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";

fn request(authorization: Option<&str>) -> Request<()> {
    let request = Request::get("/items");
    match authorization {
        Some(value) => request.header("authorization", value),
        None => request,
    }
    .body(())
    .unwrap()
}

fn greeting(user: &str) -> Response<()> {
    Response::builder().header("user", user).body(()).unwrap()
}

#[tokio::test]
async fn a_user_of_the_ring_is_admitted_and_nobody_else() {
    let key = Key {
        id: "aladdin".to_owned(),
        principal: "Aladdin".to_owned(),
        scopes: String::new(),
        not_before: None,
        not_after: None,
        digest: Digest::of(b"Aladdin:open sesame"),
    };
    let ring: Arc<OwnedKeyring> = Arc::new(Keyring::try_new(vec![key]).unwrap());
    let service =
        RequireAuthLayer::new(Basic::new(ring).realm("foo")).layer(service_fn(async |request: Request<()>| {
            Ok::<_, Infallible>(greeting(request.extensions().get::<Principal>().unwrap().name()))
        }));
    let ask = |authorization| service.clone().oneshot(request(authorization));

    let response = ask(Some(GOOD)).await.unwrap();
    assert_eq!(response.headers()["user"], "Aladdin");
    for (authorization, status) in [
        (None, 401),
        (Some("Bearer abc"), 401),
        (Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZA=="), 401),
        (Some("Basic QWxhZGRpbjpvcGVuIHNlc2FtZR=="), 400),
    ] {
        let response = ask(authorization).await.unwrap();
        assert_eq!(response.status(), status, "{authorization:?}");
        assert_eq!(
            response.headers()["www-authenticate"],
            r#"Basic realm="foo", charset="UTF-8""#,
            "{authorization:?}"
        );
    }
}

#[derive(Clone)]
struct User(String);

#[tokio::test]
async fn a_look_up_is_given_the_pair_as_it_was_decoded() {
    let auth = Basic::from_fn(async |presented: PresentedToken| match presented.as_str().split_once(':') {
        Some((user, "123\u{a3}")) => Ok(User(user.to_owned())),
        _ => Err(Refusal::InvalidToken),
    });
    let service = RequireAuthLayer::new(auth).layer(service_fn(async |request: Request<()>| {
        Ok::<_, Infallible>(greeting(&request.extensions().get::<User>().unwrap().0))
    }));
    let response = service.clone().oneshot(request(Some("Basic dGVzdDoxMjPCow=="))).await.unwrap();
    assert_eq!(response.headers()["user"], "test");
    let response = service.oneshot(request(Some(GOOD))).await.unwrap();
    assert_eq!(response.status(), 401);
}
