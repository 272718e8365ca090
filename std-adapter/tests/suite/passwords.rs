//! Users of Basic by their passwords, alone and next to another scheme.

use std::panic::catch_unwind;

use http::{Request, StatusCode};
use http_body_util::BodyExt;
use sallet_core::auth::{AuthScheme, Key, Keyring, Reason, Refusal};
use sallet_core::digest_hex;
use sallet_hyper::require_auth::{Decision, Refused, Verify};
use sallet_hyper::{ApiKey, Basic, Bearer, Layer, PasswordUser, Passwords, Principal, RequireAuthLayer};
use tower::{ServiceExt, service_fn};

use super::server::{Answer, text};

/// The key is `abc`.
static KEYS: Keyring =
    Keyring::new(&[Key::new("job", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
        .scopes("items:read")]);

/// By argon2-cffi 25.1 of the password "x".
const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$bhMId/l6xCEqngjIktz5vw$74tOYb5C6yLK3rO4R8QjhrHz/xHbwAcyUjQ2jO++s+c";

fn users() -> Passwords {
    let user = |name| PasswordUser::new(name, HASH).expect("a user");
    Passwords::new(vec![user("ada").scopes("items:read"), user("bob")]).expect("two users")
}

async fn ask<V: Verify>(layer: &RequireAuthLayer<V>, field: &str, value: &str) -> (StatusCode, Vec<String>, String) {
    let service = layer.layer(service_fn(async |request: Request<()>| {
        Answer::Ok(text(request.extensions().get::<Principal>().expect("somebody").name().to_owned()))
    }));
    let request = Request::get("/").header(field, value).body(()).expect("a request");
    let response = service.oneshot(request).await.expect("an answer");
    let challenges = response.headers().get_all("www-authenticate").iter();
    let challenges = challenges.map(|line| line.to_str().expect("ASCII").to_owned()).collect();
    let status = response.status();
    if let Some(refused) = response.extensions().get::<Refused>() {
        assert_eq!(refused.status(), status);
    }
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, challenges, String::from_utf8(body.to_vec()).expect("text"))
}

#[tokio::test]
async fn passwords_keep_scopes_challenge_and_principal() {
    const BASIC: &str = r#"Basic realm="items", charset="UTF-8""#;
    let layer = RequireAuthLayer::new(Basic::verify_by(users()).realm("items").scopes("items:read")).on_decision(
        |decision, _| match decision {
            Decision::Admitted { scheme, id, name } => {
                assert_eq!((scheme, id, name), (Some(AuthScheme::Basic), Some("ada"), Some("ada")));
            }
            Decision::Refused(refused) => assert!(matches!(
                refused.reason(),
                Reason::App(Refusal::InvalidToken) | Reason::InsufficientScope | Reason::Missing
            )),
            _ => unreachable!(),
        },
    );
    // ada:x, ada:y, eve:x, bob:x
    for (login, status, challenges) in [
        ("Basic YWRhOng=", 200, vec![]),
        ("Basic YWRhOnk=", 401, vec![BASIC]),
        ("Basic ZXZlOng=", 401, vec![BASIC]),
        ("Basic Ym9iOng=", 403, vec![BASIC]),
        ("Bearer abc", 401, vec![BASIC]),
    ] {
        let (answered, asked, body) = ask(&layer, "authorization", login).await;
        assert_eq!(
            (answered.as_u16(), asked),
            (status, challenges.into_iter().map(str::to_owned).collect()),
            "{login}"
        );
        assert_eq!(body == "ada", status == 200);
    }
    let either = layer.or(ApiKey::new(&KEYS).realm("items").scopes("items:read"));
    let either = RequireAuthLayer::clone(&either).on_decision(|_, _| {});
    assert_eq!(ask(&either, "x-api-key", "abc").await.2, "job");
    assert_eq!(ask(&either, "authorization", "Basic YWRhOng=").await.2, "ada");
    assert_eq!(
        ask(&either, "authorization", "Basic YWRhOnk=").await.1,
        [BASIC, r#"ApiKey realm="items", header="X-API-Key""#]
    );
}

/// No other scheme has a user and a password to show.
#[tokio::test]
async fn passwords_are_basics_alone() {
    for wrong in [catch_unwind(|| Bearer::verify_by(users())), catch_unwind(|| ApiKey::verify_by(users()))] {
        let said = wrong.expect_err("a panic").downcast::<String>().expect("a text");
        assert!(said.contains("write Basic::verify_by(users)"), "{said}");
    }
}
