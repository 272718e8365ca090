//! Guessing, slowed down: too many wrong credentials from one client, and no more are looked at for a while.

use std::fmt;
use std::hash::RandomState;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use http::request::Parts;
use http::{HeaderName, Request};
use lru::LruCache;
use sallet_core::auth::{AuthScheme, Requirement, is_cross_site};
use sallet_core::secret::Digest;
use unicode_normalization::UnicodeNormalization;

use super::PresentedToken;
use super::asked::Asked;
use crate::events;
use crate::parts::with_parts;

/// Refuses credentials of a client that has shown too many wrong ones.
///
/// ```
/// use std::net::SocketAddr;
/// use std::time::Duration;
///
/// use axum::extract::ConnectInfo;
/// use sallet_hyper::{FailureThrottle, RequireAuthLayer};
///
/// fn slowed<V>(layer: RequireAuthLayer<V>) -> RequireAuthLayer<V> {
///     // Ten in a minute. The address is there if the app is served as below.
///     let throttle = FailureThrottle::new(10, Duration::from_secs(60), |request| {
///         request.extensions.get().map(|ConnectInfo(client): &ConnectInfo<SocketAddr>| client.ip())
///     });
///     layer.throttle(throttle)
/// }
/// ```
///
/// axum has the address where the app is served with it:
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use std::net::SocketAddr;
///
/// use axum::{ServiceExt, extract::Request};
/// use sallet_hyper::Protected;
///
/// // A plain `Router` has the method itself.
/// async fn serve(listener: tokio::net::TcpListener, app: Protected) -> std::io::Result<()> {
///     axum::serve(listener, ServiceExt::<Request>::into_make_service_with_connect_info::<SocketAddr>(app)).await
/// }
/// # let _ = serve;
/// # }
/// ```
///
/// Only wrong credentials count: those that get 401 `invalid_token` or 400
/// ([`Refusal::is_guess`](sallet_core::auth::Refusal::is_guess)), on public paths too. None at all do not, nor do too few
/// scopes. They are counted for the client's address and, with `Basic`, for the user name. The first failure starts a window; once as many
/// as the rate allows have come, every request with credentials is refused until the window ends: 429 with `Retry-After`, no challenge,
/// and `no-store` ([`Reason::Throttled`](sallet_core::auth::Reason::Throttled)). On a public path it is anonymous instead.
///
/// - It is refused before its credentials are looked at, so no password is hashed. **A good credential is refused as well**:
///   otherwise guessing could go on, and the right guess would show.
/// - The address is what your function says. Behind a proxy the socket's is the proxy's, and all clients share its counter: then read the
///   field that the proxy sets, and only that proxy can. IPv6 addresses count by their /64, which is what one client has, and IPv4-mapped
///   ones as IPv4. **Clients without an address share one counter**, or leaving it off would be a way round: where all are, one who
///   guesses keeps everybody out, and an error in the log says so.
/// - A look-up whose client goes away before it ends counts as a failure, or a guesser would never wait.
/// - What a browser sends for a page of another site (`Sec-Fetch-Site`, or `Origin`) counts for the same address apart, so that a page that
///   makes it show wrong tokens does not keep its user out. Whoever forges the field has one counter more.
/// - Requests that are judged at the same time can all pass before the first has failed. Those that end after the limit was reached
///   are refused, right or wrong.
/// - Counting by the user name slows guessing from many addresses, and lets anybody who knows a name keep its user out while they go on
///   guessing: [`per_user`](Self::per_user).
///
/// Clones share their counters, which are those of this process. Each request with credentials takes a lock for a moment.
#[derive(Clone)]
#[must_use = "a throttle does nothing until a layer has it"]
pub struct FailureThrottle {
    failures: u32,
    window: Duration,
    per_user: bool,
    client: Arc<Client>,
    /// Apart, so that names cannot push out addresses.
    counters: Arc<Mutex<[Counters; 2]>>,
    /// Whether the log says that addresses are missing, which any client may be the cause of.
    is_logged: Arc<AtomicBool>,
}

type Counters = LruCache<Counted, Counter, RandomState>;

type Client = dyn Fn(&Parts) -> Option<IpAddr> + Send + Sync;

/// Whose failures are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Counted {
    Address {
        client: Option<IpAddr>,
        cross_site: bool,
    },
    /// The digest of a name, so that a counter has one size.
    User([u8; 32]),
}

#[derive(Debug, Clone, Copy)]
struct Counter {
    failures: u32,
    since: Instant,
}

impl FailureThrottle {
    /// As many failures in so much time, of the client whose address the function says.
    ///
    /// # Panics
    /// When `failures` or `window` is zero, which would refuse everybody or nobody. The panic names the line of the caller.
    #[track_caller]
    pub fn new(
        failures: u32,
        window: Duration,
        client: impl Fn(&Parts) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        assert!(
            failures > 0 && !window.is_zero(),
            "a throttle counts at least one failure, in some time: write FailureThrottle::new(10, Duration::from_secs(60), ...)"
        );
        let throttle = Self {
            failures,
            window,
            per_user: true,
            client: Arc::new(client),
            counters: Arc::new(Mutex::new([(); 2].map(|()| LruCache::unbounded_with_hasher(RandomState::new())))),
            is_logged: Arc::default(),
        };
        throttle.max_counters(65_536)
    }

    /// Counts for the user name of `Basic` too, from all addresses together, which it does unless told not to.
    pub fn per_user(self, counted: bool) -> Self {
        Self { per_user: counted, ..self }
    }

    /// Keeps so many counters of addresses and as many of user names, at least one, of about 100 bytes each. Beyond that, the one that has
    /// not counted for longest is dropped.
    pub fn max_counters(self, counters: usize) -> Self {
        let most = NonZeroUsize::new(counters).unwrap_or(NonZeroUsize::MIN);
        for kind in &mut *self.counters() {
            kind.resize(most);
        }
        self
    }

    fn counters(&self) -> MutexGuard<'_, [Counters; 2]> {
        // A counter is whole at any moment.
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long this request's client has to wait. It needs not if it shows no credential.
    pub(super) fn wait<B>(
        &self,
        need: Requirement<&str>,
        field: &HeaderName,
        request: &mut Request<B>,
    ) -> Option<Duration> {
        let counted = self.counted(need, field, request);
        let (counters, now) = (self.counters(), Instant::now());
        let left = |(kind, counted): (&Counters, Option<Counted>)| {
            let counter = kind.peek(&counted?).filter(|counter| counter.failures >= self.failures)?;
            self.window.checked_sub(now.saturating_duration_since(counter.since)).filter(|left| !left.is_zero())
        };
        counters.iter().zip(counted).filter_map(left).max()
    }

    pub(super) fn count<B>(&self, need: Requirement<&str>, field: &HeaderName, request: &mut Request<B>) {
        let counted = self.counted(need, field, request);
        if matches!(counted, [Some(Counted::Address { client: None, .. }), _])
            && !self.is_logged.swap(true, Ordering::Relaxed)
        {
            events::misused(
                "a FailureThrottle counts clients without an address as one, and one of them has shown wrong credentials: serve with \
                 into_make_service_with_connect_info::<SocketAddr>(), or have the throttle's function read what your proxy sets",
            );
        }
        let (mut counters, now) = (self.counters(), Instant::now());
        for (kind, counted) in counters.iter_mut().zip(counted) {
            let Some(counted) = counted else { continue };
            let counter = kind.get_or_insert_mut(counted, || Counter { failures: 0, since: now });
            if now.saturating_duration_since(counter.since) >= self.window {
                *counter = Counter { failures: 0, since: now };
            }
            counter.failures = counter.failures.saturating_add(1);
        }
    }

    fn counted<B>(
        &self,
        need: Requirement<&str>,
        field: &HeaderName,
        request: &mut Request<B>,
    ) -> [Option<Counted>; 2] {
        let address = with_parts(request, |parts| (self.client)(parts)).map(group);
        let is_named = self.per_user && need.scheme() == AuthScheme::Basic;
        let login = is_named.then(|| PresentedToken::of(&need, request, field).ok()).flatten();
        let user = login.as_ref().and_then(PresentedToken::user_and_password).map(|(name, _)| {
            // Names that an app may take for one are one here.
            let name: String = name.nfkc().flat_map(char::to_lowercase).nfkc().collect();
            Counted::User(Digest::of(name.as_bytes()).to_bytes())
        });
        let cross_site = is_cross_site(&Asked::new(request, field));
        [Some(Counted::Address { client: address, cross_site }), user]
    }
}

/// What one client has: an IPv4 address, or a /64 of IPv6.
const fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        address @ IpAddr::V4(_) => address,
    }
}

impl fmt::Debug for FailureThrottle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FailureThrottle")
            .field("failures", &self.failures)
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use sallet_core::auth::{Realm, Scopes};

    use super::*;

    #[test]
    fn many_clients_take_no_more_room_than_their_counters() {
        let throttle = FailureThrottle::new(3, Duration::from_secs(3600), |request| {
            request.extensions.get().copied().map(|address: u32| IpAddr::V4(address.into()))
        });
        let need = Requirement::new(AuthScheme::Bearer, Realm::new("r"), Scopes::EMPTY);
        let mut request = Request::new(());
        for address in 0..200_000_u32 {
            request.extensions_mut().insert(address);
            throttle.count(need, &http::header::AUTHORIZATION, &mut request);
        }
        assert_eq!(throttle.counters().each_ref().map(LruCache::len), [65_536, 0]);
        for _ in 0..2 {
            throttle.count(need, &http::header::AUTHORIZATION, &mut request);
        }
        assert!(throttle.wait(need, &http::header::AUTHORIZATION, &mut request).is_some());
        request.extensions_mut().insert(0_u32);
        assert_eq!(throttle.wait(need, &http::header::AUTHORIZATION, &mut request), None);
    }

    #[test]
    fn nothing_of_a_client_is_shown() {
        let throttle = FailureThrottle::new(3, Duration::from_secs(60), |_| None);
        assert_eq!(format!("{throttle:?}"), "FailureThrottle { failures: 3, window: 60s, .. }");
    }
}
