//! Users of Basic, by Argon2id hashes of their passwords.

mod user;
mod verify;

use std::collections::HashMap;
use std::sync::Arc;
use std::{fmt, thread};

use argon2::password_hash::phc::{Output, PasswordHash, Salt};
use argon2::password_hash::{self, PasswordHasher, PasswordVerifier};
use argon2::{ARGON2ID_IDENT, Argon2, Params};
use sallet_core::auth::Refusal;
use tokio::sync::Semaphore;
use tokio::task;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_public_assigned;
use zeroize::Zeroizing;

use super::auth::unix_now;
use super::{OwnedKeyring, Principal};

pub use user::{PasswordUser, PasswordsError};
pub use verify::PasswordsFuture;

/// Bytes of a password: the core reads no longer pair of user and password.
const LONGEST: usize = 1024;

/// Users and their passwords, for Basic.
///
/// Hashing runs in tokio's threads for blocking work, [`max_parallel`](Self::max_parallel) at once: each takes its memory
/// while it runs, 19 MiB unless the stored hash says otherwise. [`max_waiting`](Self::max_waiting) more wait, in the order they
/// came, and what finds that many is refused as [`Refusal::Unavailable`]. Clones share both bounds.
///
/// Passwords are compared by the profile `OpaqueString` (RFC 8265 section 4.2.2): in Unicode's normal form C, any space as U+0020.
/// Names are compared in normal form C (RFC 7617 section 2.1), letter by letter.
///
/// What time tells: an unknown name costs as much as a wrong password, by a hash that nobody has, made by the parameters that most
/// users have. If hashes differ in parameters, a name that takes longer or shorter is that of a user: hash the others again.
///
/// ```
/// use sallet_hyper::{PasswordUser, Passwords, PasswordsError};
///
/// fn users(file: &[(String, String)]) -> Result<Passwords, PasswordsError> {
///     let users: Result<Vec<_>, _> = file.iter().map(|(name, hash)| PasswordUser::new(name, hash)).collect();
///     Passwords::new(users?)
/// }
/// ```
///
/// For a layer, which compares the scopes of users too, alone or with another scheme:
///
/// ```
/// use std::sync::Arc;
///
/// use sallet_hyper::{ApiKey, Basic, OwnedKeyring, Passwords, RequireAuthLayer};
///
/// fn layer(users: Passwords) -> RequireAuthLayer<Passwords> {
///     RequireAuthLayer::new(Basic::verify_by(users).realm("items").scopes("items:read"))
/// }
///
/// fn or_a_key(users: Passwords, keys: Arc<OwnedKeyring>) -> RequireAuthLayer<impl Sized> {
///     layer(users).or(ApiKey::new(keys).scopes("items:read"))
/// }
/// # let _ = or_a_key;
/// ```
///
/// They are for Basic alone, and with another scheme its constructor panics.
#[derive(Clone)]
pub struct Passwords {
    users: Arc<HashMap<String, User>>,
    /// What nobody's password hashes to.
    dummy: Arc<PasswordHash>,
    /// As many as may be hashed or wait; as many as are hashed.
    room: Arc<Semaphore>,
    turns: Arc<Semaphore>,
    parallel: usize,
    waiting: usize,
}

/// The core has one function that compares a key's window with the clock and says who holds it. Here the text of the stored hash is
/// the token of a ring's only key, once the password was found to be its own.
struct User {
    stored: PasswordHash,
    token: String,
    ring: Arc<OwnedKeyring>,
}

impl Passwords {
    /// These users. Without any, nobody is admitted.
    ///
    /// Half the cores hash at once, so that requests without passwords are answered meanwhile, and 64 more wait.
    ///
    /// # Errors
    /// Two users have one name, or one has a principal or a time that no key may have.
    pub fn new(given: Vec<PasswordUser>) -> Result<Self, PasswordsError> {
        let dummy = Arc::new(dummy(&given)?);
        let mut users = HashMap::with_capacity(given.len());
        for PasswordUser { stored, token, key } in given {
            let name = key.id.clone();
            let ring = Arc::new(OwnedKeyring::try_new(vec![key]).map_err(PasswordsError::Key)?);
            if users.insert(name, User { stored, token, ring }).is_some() {
                return Err(PasswordsError::Duplicate);
            }
        }
        let parallel = thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(2));
        let (room, turns) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        Ok(Self { users: Arc::new(users), dummy, room, turns, parallel, waiting: 64 }.bounded())
    }

    /// Hashes at once, at least one.
    #[must_use]
    pub fn max_parallel(self, hashes: usize) -> Self {
        Self { parallel: hashes.clamp(1, Semaphore::MAX_PERMITS / 2), ..self }.bounded()
    }

    /// Passwords that may wait while others are hashed. At 30 ms each, 64 on one core wait for two seconds.
    #[must_use]
    pub fn max_waiting(self, passwords: usize) -> Self {
        Self { waiting: passwords.min(Semaphore::MAX_PERMITS / 2), ..self }.bounded()
    }

    fn bounded(self) -> Self {
        let room = Arc::new(Semaphore::new(self.parallel + self.waiting));
        Self { room, turns: Arc::new(Semaphore::new(self.parallel)), ..self }
    }

    /// Whose password this is.
    ///
    /// If the future is dropped, what waits is not hashed; what is being hashed keeps its place to the end, so that no more run
    /// at once because clients gave up.
    ///
    /// # Errors
    /// [`Refusal::InvalidToken`] for an unknown name, a wrong password, and a user before or after their time;
    /// [`Refusal::Unavailable`] where too many wait or there is no memory for one more hash.
    pub async fn verify(&self, name: &str, password: &str) -> Result<Principal, Refusal> {
        let user = self.users.get(&name.nfc().collect::<String>());
        let secret = opaque(password);
        if secret.is_empty() || secret.len() > LONGEST {
            return Err(Refusal::InvalidToken); // nobody's: `hash` makes none
        }
        // An unknown user is compared as any other.
        let stored = user.map_or(&*self.dummy, |user| &user.stored).clone();
        let place = Arc::clone(&self.room).try_acquire_owned().map_err(|_| Refusal::Unavailable)?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| Refusal::Unavailable)?;
        let hashed = task::spawn_blocking(move || {
            let _held = (place, turn);
            compare(&secret, &stored)
        });
        match hashed.await {
            Ok(Ok(())) => {}
            Ok(Err(password_hash::Error::PasswordInvalid)) => return Err(Refusal::InvalidToken),
            Ok(Err(_)) | Err(_) => return Err(Refusal::Unavailable),
        }
        let user = user.ok_or(Refusal::InvalidToken)?;
        user.ring.verify(user.token.as_bytes(), unix_now()).map_err(|_| Refusal::InvalidToken)?;
        Ok(Principal::of_shared(Arc::clone(&user.ring), 0))
    }

    /// The Argon2id hash to store of a password: 19 MiB, two passes. It takes some 30 ms, so run it where blocking is allowed.
    ///
    /// # Errors
    /// [`PasswordsError::Password`], or [`PasswordsError::Unhashed`] where there is no memory or randomness.
    pub fn hash(password: &str) -> Result<String, PasswordsError> {
        let secret = opaque(password);
        // Basic sends no control character (RFC 7617 section 2), and OpaqueString has no unassigned one (RFC 8265 section 4.2.1).
        if secret.is_empty()
            || secret.len() > LONGEST
            || password.chars().any(|one| one.is_control() || !is_public_assigned(one))
        {
            return Err(PasswordsError::Password);
        }
        let salt: [u8; 16] = random()?;
        let hash = Argon2::default().hash_password_with_salt(secret.as_bytes(), &salt);
        Ok(hash.map_err(|_| PasswordsError::Unhashed)?.to_string())
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("users", &self.users.len()).finish_non_exhaustive()
    }
}

/// A password by the profile `OpaqueString`, RFC 8265 section 4.2.2: any space (category Zs) is U+0020, then normal form C.
fn opaque(password: &str) -> Zeroizing<String> {
    let spaced = password.chars().map(|one| match one {
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        other => other,
    });
    Zeroizing::new(spaced.nfc().collect())
}

/// A stored hash that no password has, and that takes as long to compare with as those of most users.
fn dummy(users: &[PasswordUser]) -> Result<PasswordHash, PasswordsError> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for user in users {
        *counts.entry(user.stored.params.as_str()).or_default() += 1;
    }
    let common = counts.into_iter().max_by_key(|&(_, count)| count).map(|(params, _)| params);
    let params = match common {
        Some(params) => params.parse().map_err(|_| PasswordsError::Hash)?,
        None => (&Params::default()).try_into().map_err(|_| PasswordsError::Unhashed)?,
    };
    let (salt, tag) = (random::<16>()?, random::<32>()?);
    Ok(PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(19),
        params,
        salt: Some(Salt::new(&salt).map_err(|_| PasswordsError::Unhashed)?),
        hash: Some(Output::new(&tag).map_err(|_| PasswordsError::Unhashed)?),
    })
}

fn random<const N: usize>() -> Result<[u8; N], PasswordsError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| PasswordsError::Unhashed)?;
    Ok(bytes)
}

fn compare(secret: &str, stored: &PasswordHash) -> password_hash::Result<()> {
    #[cfg(test)]
    let _counted = tests::Counted::new(stored);
    Argon2::default().verify_password(secret.as_bytes(), stored)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

    use sallet_core::auth::KeyringError;
    use tokio::task::JoinSet;

    use super::*;

    /// The parameters of hashes that are counted: other tests hash at the same time.
    const COUNTED: &str = "m=64,t=2,p=1";
    static NOW: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    static ALL: AtomicUsize = AtomicUsize::new(0);

    /// A hash that is being made.
    pub(super) struct Counted;

    impl Counted {
        pub(super) fn new(stored: &PasswordHash) -> Option<Self> {
            (stored.params.as_str() == COUNTED).then(|| {
                MOST.fetch_max(NOW.fetch_add(1, SeqCst) + 1, SeqCst);
                ALL.fetch_add(1, SeqCst);
                Self
            })
        }
    }

    impl Drop for Counted {
        fn drop(&mut self) {
            NOW.fetch_sub(1, SeqCst);
        }
    }

    /// By the cheapest parameters that there are.
    fn cheap(password: &str) -> String {
        hash(Params::new(8, 1, 1, None), password)
    }

    fn hash(params: Result<Params, argon2::Error>, password: &str) -> String {
        let argon2 = Argon2::from(params.unwrap());
        argon2.hash_password_with_salt(opaque(password).as_bytes(), b"salt of 16 bytes").unwrap().to_string()
    }

    fn user(name: &str) -> PasswordUser {
        PasswordUser::new(name, cheap("Sesam, \u{f6}ffne dich")).unwrap()
    }

    #[tokio::test]
    async fn the_right_password_is_a_principal() {
        let users = vec![
            user("ada"),
            user("zo\u{eb}").principal("Zo\u{eb}").scopes("items:read"),
            user("early").not_before(u64::MAX),
            user("late").not_after(1),
        ];
        let passwords = Passwords::new(users).unwrap();
        let ask = async |name, password| passwords.verify(name, password).await.map(|who| who.name().to_owned());
        assert_eq!(ask("ada", "Sesam, \u{f6}ffne dich").await.as_deref(), Ok("ada"));
        // Decomposed, with a space that is none of ASCII.
        assert_eq!(ask("zoe\u{308}", "Sesam,\u{a0}o\u{308}ffne dich").await.as_deref(), Ok("Zo\u{eb}"));
        let wrong = [("ada", "Sesam"), ("ada", ""), ("Ada", "Sesam, \u{f6}ffne dich"), ("eve", "x"), ("", "")];
        for (name, password) in wrong {
            assert_eq!(ask(name, password).await, Err(Refusal::InvalidToken), "{name} {password}");
        }
        for name in ["early", "late"] {
            assert_eq!(ask(name, "Sesam, \u{f6}ffne dich").await, Err(Refusal::InvalidToken));
        }
        assert_eq!(
            passwords.verify("zo\u{eb}", "Sesam, \u{f6}ffne dich").await.unwrap().scopes().as_str(),
            "items:read"
        );
        assert_eq!(
            format!("{passwords:?} {:?}", user("ada")),
            "Passwords { users: 4, .. } PasswordUser { name: \"ada\", .. }"
        );
    }

    #[tokio::test]
    async fn a_few_are_hashed_at_once_and_some_wait() {
        let ada = PasswordUser::new("ada", hash(Params::new(64, 2, 1, None), "right")).unwrap();
        let passwords = Passwords::new(vec![ada]).unwrap().max_parallel(2).max_waiting(98);
        let mut asked = JoinSet::new();
        for n in 0..100 {
            let passwords = passwords.clone();
            asked.spawn(async move { passwords.verify(["ada", "eve"][n % 2], "wrong").await.err() });
        }
        assert_eq!(asked.join_all().await, [Some(Refusal::InvalidToken); 100]);
        assert_eq!((MOST.load(SeqCst), ALL.load(SeqCst)), (2, 100));

        // As if a hundred were hashed or waited.
        let places = passwords.room.acquire_many(100).await.unwrap();
        assert_eq!(passwords.verify("ada", "right").await.err(), Some(Refusal::Unavailable));
        drop(places);
        assert!(passwords.verify("ada", "right").await.is_ok());
    }

    #[test]
    fn an_unknown_name_costs_what_most_users_do() {
        let other = hash(Params::new(16, 2, 1, None), "x");
        let users = [user("ada"), PasswordUser::new("bob", other).unwrap(), user("cyd")];
        let dummy = dummy(&users).unwrap();
        assert_eq!(dummy.params.as_str(), "m=8,t=1,p=1");
        assert_eq!(Params::try_from(&dummy).unwrap().output_len(), Some(32));
        assert_eq!(super::dummy(&[]).unwrap().params.as_str(), "m=19456,t=2,p=1");
    }

    #[test]
    fn what_python_stores_is_read() {
        // By argon2-cffi 25.1 of the password "x".
        let stored = "$argon2id$v=19$m=8,t=1,p=1$bhMId/l6xCEqngjIktz5vw$74tOYb5C6yLK3rO4R8QjhrHz/xHbwAcyUjQ2jO++s+c";
        compare("x", &PasswordUser::new("ada", stored).unwrap().stored).unwrap();
    }

    #[test]
    fn what_is_no_user_is_refused() {
        let good = cheap("x");
        for name in ["", "a:b", "a\nb"] {
            assert_eq!(PasswordUser::new(name, &*good).err(), Some(PasswordsError::Name));
        }
        let bcrypt = "$2b$12$OsGq1PQkpWbKBFn6y0VfJu9c5tS0Q8wF1uC3nZ8sXhYkA7mBd2eLi".to_owned();
        let (kind, cut, version) =
            (good.replace("argon2id", "argon2d"), good.split_at(30).0.to_owned(), good.replace("v=19", "v=16"));
        for hash in ["hunter2".to_owned(), bcrypt, kind, cut, version] {
            assert_eq!(PasswordUser::new("ada", hash).err(), Some(PasswordsError::Hash));
        }
        assert_eq!(Passwords::new(vec![user("ada"), user("ada")]).err(), Some(PasswordsError::Duplicate));
        let window = user("ada").not_before(2).not_after(1);
        assert_eq!(Passwords::new(vec![window]).err(), Some(PasswordsError::Key(KeyringError::Window)));
        for password in ["", "a\u{7}b", "a\u{378}", &"x".repeat(1025)] {
            assert_eq!(Passwords::hash(password).err(), Some(PasswordsError::Password));
        }
        assert!(PasswordUser::new("ada", Passwords::hash("correct horse").unwrap()).is_ok());
    }
}
