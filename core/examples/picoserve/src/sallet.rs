//! Sallet as a layer of picoserve.

use picoserve::ResponseSent;
use picoserve::io::Read;
use picoserve::request::RequestParts;
use picoserve::response::{Body, Connection, ForEachHeader, HeadersIter, Response, ResponseWriter, StatusCode};
use picoserve::routing::{Layer, Next};
use sallet_core::auth::{AuthRequest, AuthScheme, Challenge, Key, Keyring, Realm, Requirement, Scopes};
use sallet_core::paths::{PathRule, PathRules, RequestPath};
use sallet_core::{
    ContentSecurityPolicy, Directive, NONCE_ENTROPY, Nonce, Scheme, SecurityHeaders, Source, digest_hex,
};

/// The digest of `mF_9.B5f-4.1JqM`, the token in the examples of RFC 6750. Mint your own.
static KEYS: Keyring = Keyring::new(&[Key::new(
    "example",
    digest_hex!("b8e148545b13c78bc74da2f1a7275dd71e56ddece129d7d2f7b3ecc06f7994da"),
)
.scopes("items:read")]);
const READ: Requirement = Requirement::new(AuthScheme::Bearer, Realm::new("items"), Scopes::new("items:read"));
const PUBLIC: PathRules = PathRules::new(&[PathRule::new("GET /"), PathRule::new("GET /health")]);

// No TLS here, so the policies leave out what is for HTTPS.
const API: SecurityHeaders<'_> = SecurityHeaders::API.over(Scheme::Http);
const PAGE: SecurityHeaders<'_> =
    SecurityHeaders::STRICT.over(Scheme::Http).content_security_policy(Some(ContentSecurityPolicy::new(&[
        Directive::default_src(&[Source::SELF]),
        Directive::script_src(&[Source::NONCE]),
    ])));
/// The longest value in a policy; a longer one shows in the first test.
const ROOM: usize = 256;

/// The guard and the policies. Handlers find the nonce of their response in the state.
pub struct Sallet;

impl<PathParameters> Layer<(), PathParameters> for Sallet {
    type NextState = Nonce;
    type NextPathParameters = PathParameters;

    async fn call_layer<'a, R: Read + 'a, N, W: ResponseWriter<Error = R::Error>>(
        &self,
        next: N,
        _: &(),
        path_parameters: PathParameters,
        request: RequestParts<'_>,
        writer: W,
    ) -> Result<ResponseSent, W::Error>
    where
        N: Next<'a, R, Nonce, PathParameters>,
    {
        let (method, path) = (request.method(), request.path().encoded());
        let nonce = fresh_nonce();
        let writer = WithPolicy { policy: if path == "/" { PAGE } else { API }, nonce, writer };
        if !PUBLIC.access(method, &RequestPath::raw(path.as_bytes()), false).is_open() {
            if let Err(reason) = READ.verdict(&KEYS, &Asked(&request), now()) {
                eprintln!("refused: {reason}");
                let refusal = reason.refusal();
                let challenge = READ.challenge(refusal).map(|challenge| (Challenge::FIELD, challenge));
                let response =
                    Response::new(StatusCode::new(refusal.status()), refusal.detail()).with_headers(challenge);
                return writer.write_response(next.into_connection().await?, response).await;
            }
        }
        next.run(&nonce, path_parameters, writer).await
    }
}

/// What the guard looks at.
struct Asked<'r, 'b>(&'r RequestParts<'b>);

impl AuthRequest for Asked<'_, '_> {
    fn method(&self) -> &str {
        self.0.method()
    }

    fn lines<'a>(&'a self, field: &str) -> impl Iterator<Item = &'a [u8]> {
        let is_field = move |name: &[u8]| name.eq_ignore_ascii_case(field.as_bytes());
        self.0.headers().iter().filter(move |(name, _)| is_field(name.as_raw())).map(|(_, value)| value.as_raw())
    }
}

/// Sends whatever response comes with the policy.
///
/// picoserve (0.20) shows a layer no header of a response, so they cannot be fed to a `sallet_core::merge::Merge`, as they
/// should where handlers may set one that the policy has: here none does, or it would be sent twice.
struct WithPolicy<W> {
    policy: SecurityHeaders<'static>,
    nonce: Nonce,
    writer: W,
}

impl<W: ResponseWriter> ResponseWriter for WithPolicy<W> {
    type Error = W::Error;

    async fn write_response<R: Read<Error = W::Error>, H: HeadersIter, B: Body>(
        self,
        connection: Connection<'_, R>,
        response: Response<H, B>,
    ) -> Result<ResponseSent, W::Error> {
        let fields = Fields { policy: self.policy, nonce: self.nonce };
        self.writer.write_response(connection, response.with_headers(fields)).await
    }
}

struct Fields {
    policy: SecurityHeaders<'static>,
    nonce: Nonce,
}

impl HeadersIter for Fields {
    async fn for_each_header<F: ForEachHeader>(self, mut each: F) -> Result<F::Output, F::Error> {
        for field in self.policy.fields() {
            let mut value = [0; ROOM];
            let (len, slots) = match field.write_value(&mut value) {
                Ok((text, slots)) => (text.len(), slots),
                Err(error) => panic!("{}: {error}", field.name()),
            };
            slots.fill(&self.nonce, &mut value[..len]);
            each.call(field.name(), str::from_utf8(&value[..len]).unwrap_or_default()).await?;
        }
        each.finalize().await
    }
}

fn fresh_nonce() -> Nonce {
    let mut entropy = [0; NONCE_ENTROPY];
    getrandom::fill(&mut entropy).expect("the operating system has entropy");
    Nonce::new(entropy)
}

fn now() -> u64 {
    std::time::SystemTime::UNIX_EPOCH.elapsed().map_or(0, |now| now.as_secs())
}
