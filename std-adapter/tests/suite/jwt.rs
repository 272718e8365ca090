//! The recipe for JWTs, as a program of its own, with a provider that rotates its keys and goes away.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::client::{Raw, get};
use super::examples::Example;
use super::server::{Answer, serve, text};

const ISSUER: &str = "https://issuer.example";

/// What a provider publishes, and how often it was asked.
#[derive(Clone, Default)]
struct Provider(Arc<(Mutex<Option<JwkSet>>, AtomicUsize)>);

impl Provider {
    fn publish(&self, keys: &[(&str, &EncodingKey)]) {
        let jwk = |(kid, key): &(&str, &EncodingKey)| {
            let mut jwk = Jwk::from_encoding_key(key, Algorithm::ES256).expect("a key");
            jwk.common.key_id = Some((*kid).to_owned());
            jwk
        };
        *self.0.0.lock().expect("no panic") = Some(JwkSet { keys: keys.iter().map(jwk).collect() });
    }

    fn asked(&self) -> usize {
        self.0.1.load(Ordering::Relaxed)
    }

    fn answer(&self) -> Response<http_body_util::Full<bytes::Bytes>> {
        self.0.1.fetch_add(1, Ordering::Relaxed);
        let Some(set) = &*self.0.0.lock().expect("no panic") else {
            let mut away = text("");
            *away.status_mut() = StatusCode::BAD_GATEWAY;
            return away;
        };
        text(serde_json::to_vec(set).expect("JSON"))
    }
}

fn new_key() -> EncodingKey {
    EncodingKey::from_ec_der(&rcgen::KeyPair::generate().expect("a key").serialize_der())
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs()
}

/// A good token, but for what `claims` says otherwise.
fn token(kid: &str, key: &EncodingKey, claims: &Value) -> String {
    let mut all = json!({
        "iss": ISSUER, "aud": "items", "sub": "kim", "scope": "items:read items:write", "exp": now() + 600,
    });
    let known = all.as_object_mut().expect("an object");
    for (name, value) in claims.as_object().expect("an object") {
        known.insert(name.clone(), value.clone());
    }
    known.retain(|_, value| !value.is_null());
    let header = Header { kid: Some(kid.to_owned()), ..Header::new(Algorithm::ES256) };
    encode(&header, &all, key).expect("a token")
}

/// `{"alg":"none","typ":"JWT","kid":"one"}`
const UNSIGNED: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIiwia2lkIjoib25lIn0";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_pinned_is_pinned_and_keys_rotate() {
    let provider = Provider::default();
    let answers = provider.clone();
    let issuer = serve(service_fn(move |_: Request<Incoming>| std::future::ready(Answer::Ok(answers.answer())))).await;
    let url = format!("http://{issuer}/keys");
    let example = Example::start_with("jwt", &[ISSUER, "items", &url]);
    let addr = example.url().strip_prefix("http://").expect("an address").parse().expect("an address");
    let ask = async |token: &str| -> Raw { get(addr, "/items", &format!("authorization: Bearer {token}\r\n")).await };

    // Nothing was ever published, so nobody can say.
    let (one, two) = (new_key(), new_key());
    let good = token("one", &one, &json!({}));
    let away = ask(&good).await;
    assert_eq!((away.status, away.all("retry-after")), (503, vec!["1"]));

    provider.publish(&[("one", &one)]);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let fine = ask(&good).await;
    assert_eq!((fine.status, &*fine.body), (200, &b"hello, kim\n"[..]));
    assert_eq!(fine.all("x-content-type-options"), ["nosniff"]);
    // With the clock's leeway, and one audience among others.
    assert_eq!(ask(&token("one", &one, &json!({ "exp": now() - 10, "aud": ["x", "items"] }))).await.status, 200);
    let asked = provider.asked();

    for (claims, why) in [
        (json!({ "iss": "https://other.example" }), "issuer"),
        (json!({ "iss": null }), "no issuer"),
        (json!({ "aud": "other" }), "audience"),
        (json!({ "aud": null }), "no audience"),
        (json!({ "exp": now() - 60 }), "expired"),
        (json!({ "exp": null }), "no end"),
        (json!({ "nbf": now() + 60 }), "not yet"),
        (json!({ "sub": null }), "nobody"),
        (json!({ "scope": "a  b" }), "no list of scopes"),
    ] {
        let refused = ask(&token("one", &one, &claims)).await;
        assert_eq!(refused.status, 401, "{why}");
        assert_eq!(refused.all("www-authenticate").len(), 1);
    }
    let poor = ask(&token("one", &one, &json!({ "scope": "items:write" }))).await;
    assert_eq!(poor.status, 403);
    assert!(poor.all("www-authenticate")[0].ends_with(r#"scope="items:read""#), "{poor:?}");
    assert_eq!(ask(&token("one", &two, &json!({}))).await.status, 401, "signed by another");
    let payload = good.split('.').nth(1).expect("a payload");
    assert_eq!(ask(&format!("{UNSIGNED}.{payload}.")).await.status, 401, "alg none");
    // The public key as the secret of an HMAC.
    let public = serde_json::to_vec(&Jwk::from_encoding_key(&one, Algorithm::ES256).expect("a key")).expect("JSON");
    let secret = EncodingKey::from_secret(&public).expect("a secret");
    let header = Header { kid: Some("one".to_owned()), ..Header::new(Algorithm::HS256) };
    let claims = json!({ "iss": ISSUER, "aud": "items", "sub": "kim", "exp": now() + 600 });
    assert_eq!(ask(&encode(&header, &claims, &secret).expect("a token")).await.status, 401, "HMAC");
    assert_eq!(ask("no.jwt.at_all").await.status, 401);
    assert_eq!(provider.asked(), asked, "none of these is a reason to ask the provider");

    // A stranger's key ids make this server ask once a second, however many there are.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    for at in 0..20 {
        assert_eq!(ask(&token(&format!("made-up-{at}"), &one, &json!({}))).await.status, 401);
    }
    assert!((asked + 1..=asked + 3).contains(&provider.asked()), "{asked} {}", provider.asked());

    // A new key is seen at once, and one that was withdrawn is forgotten.
    provider.publish(&[("two", &two)]);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(ask(&token("two", &two, &json!({}))).await.status, 200);
    assert_eq!(ask(&good).await.status, 401);

    // What is known stays known while the provider is away.
    *provider.0.0.lock().expect("no panic") = None;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(ask(&token("three", &two, &json!({}))).await.status, 503);
    assert_eq!(ask(&token("two", &two, &json!({}))).await.status, 200);
}
