//! Keys of a file that changes under a server.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use sallet_core::auth::{KeyringError, Reason};
use sallet_core::secret::Digest;
use sallet_hyper::{Bearer, KeyFile, KeyFileCause, KeyFileError, Layer, Principal, RequireAuthLayer};

use super::client::get;
use super::log::Log;
use super::server::{Answer, serve, text};

const CI: &str = "the-token-of-ci";
const WEB: &str = "the-token-of-web";
/// Whatever is slow on a busy machine is still far quicker.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder of this test's own, which is gone when it ends.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sallet-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("keys.toml")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn block(id: &str, token: &str) -> String {
    let hex = Digest::of(token.as_bytes()).to_hex();
    format!("[[key]]\nid = \"{id}\"\nsha256 = \"{}\"\n", str::from_utf8(&hex).expect("digits"))
}

fn write(file: &Path, blocks: &[String]) {
    fs::write(file, blocks.concat()).expect("a file");
}

/// By a file beside it, as editors and `sallet keys` do.
fn rename(file: &Path, blocks: &[String]) {
    let beside = file.with_extension("new");
    write(&beside, blocks);
    fs::rename(beside, file).expect("a rename");
}

/// A server that says who asks.
async fn server(keys: KeyFile) -> SocketAddr {
    async fn who(request: Request<Incoming>) -> Answer {
        Ok(text(request.extensions().get::<Principal>().map_or_else(String::new, |who| who.id().to_owned())))
    }
    serve(RequireAuthLayer::new(Bearer::new(keys)).layer(service_fn(who))).await
}

async fn status(addr: SocketAddr, token: &str) -> u16 {
    get(addr, "/", &format!("authorization: Bearer {token}\r\n")).await.status
}

/// Asks until each token is answered like this.
async fn until(addr: SocketAddr, expected: [(&str, u16); 2]) {
    let start = Instant::now();
    loop {
        let seen = [(CI, status(addr, CI).await), (WEB, status(addr, WEB).await)];
        if seen == expected {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "{seen:?}, not {expected:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

const BOTH: [(&str, u16); 2] = [(CI, 200), (WEB, 200)];
const ONLY_WEB: [(&str, u16); 2] = [(CI, 401), (WEB, 200)];
const NOBODY: [(&str, u16); 2] = [(CI, 401), (WEB, 401)];

/// What a watched file reports: how many keys, or what is wrong with it.
type Reports = Receiver<Result<usize, KeyFileError>>;

fn watched(file: &Path) -> (KeyFile, Reports) {
    let (send, reports) = mpsc::channel();
    let keys = KeyFile::open(file).expect("keys");
    let keys = keys.watch_with(move |read| drop(send.send(read.map_err(Clone::clone)))).expect("a thread");
    (keys, reports)
}

fn next(reports: &Reports) -> Result<usize, KeyFileError> {
    reports.recv_timeout(PATIENCE).expect("a report")
}

/// The next report that something is wrong: a look may find a file in the middle of being written.
fn next_cause(reports: &Reports) -> KeyFileCause {
    next(reports).expect_err("something is wrong").cause()
}

fn admits(keys: &KeyFile, token: &str) -> bool {
    keys.verify(token.as_bytes()).is_ok()
}

#[tokio::test]
async fn a_revoked_token_is_refused_and_an_added_one_admitted_while_requests_run() {
    let folder = Folder::new("revoked");
    let file = folder.file();
    let [ci, web] = [block("ci", CI), block("web", WEB)];
    write(&file, &[ci.clone(), web.clone()]);
    let addr = server(KeyFile::open(&file).expect("keys").watch().expect("a thread")).await;
    until(addr, BOTH).await;
    for write in [write, rename] {
        for (blocks, expected) in [
            (vec![web.clone()], ONLY_WEB),
            (vec![web.clone(), ci.clone()], BOTH),
            (vec!["# nobody\n".to_owned()], NOBODY), // the last key can be revoked
            (vec![ci.clone(), web.clone()], BOTH),
        ] {
            write(&file, &blocks);
            until(addr, expected).await;
        }
    }
}

/// As the kubelet does it: the file and its folder are links, and the second is swapped by a rename.
#[cfg(unix)]
#[tokio::test]
async fn a_link_that_is_swapped_is_followed() {
    use std::os::unix::fs::symlink;

    let folder = Folder::new("links");
    let at = |name: &str| folder.0.join(name);
    let publish = |name: &str, blocks: &[String]| {
        fs::create_dir(at(name)).expect("a folder");
        write(&at(name).join("keys.toml"), blocks);
        symlink(name, at("..data_tmp")).expect("a link");
        fs::rename(at("..data_tmp"), at("..data")).expect("a rename");
    };
    publish("..2026_11_01", &[block("ci", CI), block("web", WEB)]);
    symlink("..data/keys.toml", folder.file()).expect("a link");
    let addr = server(KeyFile::open(folder.file()).expect("keys").watch().expect("a thread")).await;
    until(addr, BOTH).await;
    publish("..2026_11_02", &[block("web", WEB)]);
    fs::remove_dir_all(at("..2026_11_01")).expect("a folder");
    until(addr, ONLY_WEB).await;
    // Of one length, and as old as the file before it.
    let old = fs::metadata(folder.file()).and_then(|of| of.modified()).expect("a time");
    fs::create_dir(at("..2026_11_03")).expect("a folder");
    let third = at("..2026_11_03").join("keys.toml");
    write(&third, &[block("cii", CI)]);
    fs::File::options().append(true).open(&third).and_then(|file| file.set_modified(old)).expect("a time");
    symlink("..2026_11_03", at("..data_tmp")).expect("a link");
    fs::rename(at("..data_tmp"), at("..data")).expect("a rename");
    until(addr, [(CI, 200), (WEB, 401)]).await;
}

#[test]
fn what_is_wrong_changes_nothing_and_is_reported() {
    let folder = Folder::new("wrong");
    let file = folder.file();
    let whole = [block("ci", CI), block("web", WEB)].concat();
    fs::write(&file, &whole).expect("a file");
    let (keys, reports) = watched(&file);
    let both = |keys: &KeyFile| admits(keys, CI) && admits(keys, WEB) && keys.len() == 2;

    fs::write(&file, "").expect("a file");
    assert_eq!(next_cause(&reports), KeyFileCause::Empty);
    assert!(both(&keys));
    fs::write(&file, &whole[..whole.len() - 20]).expect("a file");
    assert_eq!(next_cause(&reports), KeyFileCause::Syntax);
    assert!(both(&keys));
    fs::remove_file(&file).expect("a file");
    assert_eq!(next_cause(&reports), KeyFileCause::Missing);
    assert!(both(&keys));
    fs::create_dir(&file).expect("a folder");
    assert_eq!(next_cause(&reports), KeyFileCause::NotAFile);
    assert!(both(&keys));
    fs::remove_dir(&file).expect("a folder");
    assert_eq!(next_cause(&reports), KeyFileCause::Missing);
    fs::write(&file, whole.clone() + "[[key]]\nid = 'late'\nscope = ['x']\nsha256 = ''\n").expect("a file");
    let error = next(&reports).expect_err("an unknown field");
    assert_eq!((error.cause(), error.path()), (KeyFileCause::UnknownField, &*file));
    assert!(error.to_string().contains("keys.toml: key 'late' (line 7): unknown field 'scope': did you mean scopes?"));
    assert!(both(&keys));

    // What was in force all the time is well again, and then others are.
    fs::write(&file, &whole).expect("a file");
    assert_eq!(next(&reports), Ok(2));
    assert!(both(&keys));
    rename(&file, &[block("web", WEB)]);
    assert_eq!(next(&reports), Ok(1));
    assert!(!admits(&keys, CI) && admits(&keys, WEB));
}

/// Opening one waits for a writer.
#[cfg(unix)]
#[test]
fn a_pipe_is_not_waited_for() {
    let folder = Folder::new("pipe");
    let (file, pipe) = (folder.file(), folder.0.join("pipe"));
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo, of every Unix");
    assert!(made.success());
    write(&file, &[block("ci", CI)]);
    let (keys, reports) = watched(&file);
    fs::rename(&pipe, &file).expect("a rename");
    assert_eq!(next_cause(&reports), KeyFileCause::NotAFile);
    assert!(admits(&keys, CI));
    rename(&file, &[block("web", WEB)]);
    assert_eq!((next(&reports), admits(&keys, CI)), (Ok(1), false));
}

#[test]
fn what_the_log_says_names_file_entry_and_fix_and_no_secret() {
    let log = Log::everywhere();
    let folder = Folder::new("logged");
    let file = folder.file();
    write(&file, &[block("ci", CI)]);
    let keys = KeyFile::open(&file).expect("keys").watch().expect("a thread");
    let of_this_file = || -> Vec<String> {
        let lines = log.lines().into_iter();
        lines
            .filter(|line| line.contains("sallet-logged"))
            .map(|line| line.replace(&*file.to_string_lossy(), "F"))
            .collect()
    };
    let after = |count: usize| {
        let start = Instant::now();
        while of_this_file().len() < count {
            assert!(start.elapsed() < PATIENCE, "{:?}", of_this_file());
            std::thread::sleep(Duration::from_millis(20));
        }
        of_this_file().pop().expect("a line")
    };
    assert_eq!(after(1), "INFO sallet: the keys of the file are in force file=F keys=1");
    rename(&file, &[block("ci", CI), format!("[[key]]\nid = 'web'\ntoken = '{WEB}'\n")]);
    assert_eq!(
        after(2),
        "ERROR sallet: the old keys stay in force: F: key 'web' (line 4): a key file holds no tokens: put the token's SHA-256 \
         there as sha256 = \"...\" file=F entry=\"key 'web' (line 4)\""
    );
    rename(&file, &[block("ci", CI)]);
    assert_eq!(after(3), "INFO sallet: the file is as it was: its keys are in force file=F");
    rename(&file, &["# nobody\n".to_owned()]);
    assert_eq!(after(4), "WARN sallet: no key is in the file, so nobody is admitted file=F keys=0");
    assert!(keys.is_empty());
    assert!(!log.lines().iter().any(|line| line.contains(WEB)));
}

#[test]
fn a_watch_ends_with_its_keys_and_no_sooner() {
    let folder = Folder::new("ends");
    write(&folder.file(), &[block("ci", CI)]);
    let (keys, reports) = watched(&folder.file());
    let clone = keys.clone();
    drop(keys);
    rename(&folder.file(), &[block("web", WEB)]);
    assert_eq!(next(&reports), Ok(1));
    assert!(admits(&clone, WEB));
    drop(clone);
    // The function is dropped with the thread.
    assert_eq!(reports.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
}

#[test]
fn a_file_is_watched_once() {
    let folder = Folder::new("once");
    write(&folder.file(), &[block("ci", CI)]);
    let (keys, reports) = watched(&folder.file());
    let again = keys.clone().watch().expect_err("a second watch");
    assert_eq!(again.cause(), KeyFileCause::Watched);
    rename(&folder.file(), &[block("web", WEB)]);
    assert_eq!(next(&reports), Ok(1));
    drop(keys);
}

#[test]
fn a_function_that_panics_or_reloads_does_not_end_the_watch() {
    let folder = Folder::new("panics");
    write(&folder.file(), &[block("ci", CI)]);
    let keys = KeyFile::open(folder.file()).expect("keys");
    let (send, reports) = mpsc::channel();
    let calls = AtomicUsize::new(0);
    let same = KeyFile::open(folder.file()).expect("keys");
    let keys = keys.watch_with(move |read| {
        let read = read.map_err(Clone::clone);
        let _ = (same.reload(), send.send(read));
        assert!(calls.fetch_add(1, Ordering::Relaxed) > 0, "the first call fails");
    });
    let keys = keys.expect("a thread");
    rename(&folder.file(), &[block("ci", CI), block("web", WEB)]);
    assert_eq!(next(&reports), Ok(2));
    rename(&folder.file(), &[block("web", WEB)]);
    assert_eq!(next(&reports), Ok(1));
    assert!(admits(&keys, WEB) && !admits(&keys, CI));
}

#[test]
fn reload_takes_a_file_at_once_and_keeps_the_old_keys_if_it_is_wrong() {
    let folder = Folder::new("reload");
    let file = folder.file();
    assert_eq!(KeyFile::open(&file).expect_err("no file").cause(), KeyFileCause::Missing);
    write(&file, &[block("ci", CI)]);
    let keys = KeyFile::open(&file).expect("keys");
    let before = keys.verify(CI.as_bytes()).expect("a principal");
    write(&file, &[block("ci", CI), block("web", WEB)]);
    assert!(!admits(&keys, WEB), "nobody watches it");
    assert_eq!(keys.reload(), Ok(2));
    assert!(admits(&keys, WEB));
    for (wrong, cause) in [("", KeyFileCause::Empty), ("[[key", KeyFileCause::Syntax), ("x = 1", KeyFileCause::Foreign)]
    {
        fs::write(&file, wrong).expect("a file");
        let error = keys.reload().expect_err("a wrong file");
        assert_eq!((error.cause(), error.path()), (cause, &*file));
        assert!(admits(&keys, CI) && admits(&keys, WEB));
    }
    fs::write(&file, "# nobody\n").expect("a file");
    assert_eq!((keys.reload(), keys.is_empty()), (Ok(0), true));
    assert_eq!(before.id(), "ci", "a request under way keeps whom it was admitted as");
}

/// Beyond 256 they are found by an index.
#[tokio::test]
async fn thousands_of_keys_are_the_same_as_a_few() {
    let folder = Folder::new("thousands");
    let file = folder.file();
    for count in [255, 256, 257, 3_000] {
        let blocks: Vec<_> = (0..count).map(|n| block(&format!("key-{n}"), &format!("the-token-of-key-{n}"))).collect();
        let edges = [
            block("ci", CI) + "not_after = 2001-09-09T01:46:40Z\n",
            block("web", WEB) + "principal = 'kim'\nscopes = ['a', 'b']\n",
        ];
        write(&file, &[blocks.concat(), edges.concat()]);
        let keys = KeyFile::open(&file).expect("keys");
        assert_eq!(keys.len(), count + 2);
        for n in 0..count {
            let who = keys.verify(format!("the-token-of-key-{n}").as_bytes()).expect("a key");
            assert_eq!((who.id(), who.name(), who.scopes().as_str()), (&*format!("key-{n}"), &*format!("key-{n}"), ""));
        }
        assert_eq!(keys.verify(CI.as_bytes()).expect_err("it has ended"), Reason::Expired);
        assert_eq!(keys.verify(b"the-token-of-nobody").expect_err("no key"), Reason::Unknown);
        let who = keys.verify(WEB.as_bytes()).expect("a key");
        assert_eq!((who.id(), who.name(), who.scopes().as_str()), ("web", "kim", "a b"));

        let need = RequireAuthLayer::new(Bearer::new(keys.clone()).scopes("b"));
        let addr = serve(need.layer(service_fn(async |_: Request<Incoming>| -> Answer { Ok(text("in")) }))).await;
        for (token, expected) in [(WEB, 200), ("the-token-of-key-0", 403), (CI, 401), ("the-token-of-nobody", 401)] {
            assert_eq!(status(addr, token).await, expected, "{token} of {count}");
        }

        // The second of two that cannot be in one ring.
        for (twice, cause) in [
            (block("key-7", "another"), KeyringError::DuplicateId),
            (block("another", "the-token-of-key-7"), KeyringError::DuplicateToken),
        ] {
            write(&file, &[blocks.concat(), twice]);
            let error = keys.reload().expect_err("twice");
            assert_eq!(error.cause(), KeyFileCause::Key(cause));
            assert!(
                error.entry().is_some_and(|entry| entry.ends_with(&format!("(line {})", 3 * count + 1))),
                "{error}"
            );
        }
        assert_eq!(keys.len(), count + 2);
    }
}

#[test]
fn a_relative_path_is_that_of_the_folder_it_was_opened_in() {
    let path = KeyFile::open("no-such-keys.toml").expect_err("no file").path().to_owned();
    assert_eq!(path, std::env::current_dir().expect("a folder").join("no-such-keys.toml"));
}
