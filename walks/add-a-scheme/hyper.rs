//! What `add-a-scheme.patch` adds to hyper, through the layer.

use std::convert::Infallible;
use std::sync::Arc;

use http::{Request, Response};
use sallet_core::auth::{Key, Keyring};
use sallet_core::secret::Digest;
use sallet_hyper::{JwtAssertion, Layer, OwnedKeyring, Principal, RequireAuthLayer};
use tower::{ServiceExt, service_fn};

#[tokio::test]
async fn a_user_of_the_ring_is_admitted_and_nobody_else() {
    let key = Key {
        id: "joe".to_owned(),
        principal: "Joe".to_owned(),
        scopes: String::new(),
        not_before: None,
        not_after: None,
        digest: Digest::of(b"e30.e30.c2ln"),
    };
    let ring: Arc<OwnedKeyring> = Arc::new(Keyring::try_new(vec![key]).unwrap());
    let service =
        RequireAuthLayer::new(JwtAssertion::new(ring).realm("foo")).layer(service_fn(async |request: Request<()>| {
            let user = request.extensions().get::<Principal>().unwrap().name().to_owned();
            Ok::<_, Infallible>(Response::builder().header("user", user).body(()).unwrap())
        }));
    let ask = |method: &str, fields: &[(&str, &str)]| {
        let request = Request::builder().method(method).uri("/items");
        let request = fields.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        service.clone().oneshot(request.body(()).unwrap())
    };

    let good = ("x-jwt-assertion", "e30.e30.c2ln");
    assert_eq!(ask("GET", &[good]).await.unwrap().headers()["user"], "Joe");
    let other_site = ask("POST", &[good, ("sec-fetch-site", "cross-site")]).await.unwrap();
    assert_eq!(other_site.status(), 403);
    for (fields, status) in [
        (&[][..], 401),
        (&[("authorization", "Bearer e30.e30.c2ln")], 401),
        (&[("x-jwt-assertion", "e30.e30.c2lm")], 401),
        (&[("x-jwt-assertion", "e30.e30.")], 400),
    ] {
        let response = ask("GET", fields).await.unwrap();
        assert_eq!(response.status(), status, "{fields:?}");
        let challenge = r#"JwtAssertion realm="foo", header="X-JWT-Assertion""#;
        assert_eq!(response.headers()["www-authenticate"], challenge, "{fields:?}");
    }
}
