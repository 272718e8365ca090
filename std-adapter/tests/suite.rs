//! What the crate promises, on real sockets where that matters.

mod suite {
    mod axum;
    mod cases;
    mod client;
    mod diagnostics;
    mod examples;
    mod grpc_web;
    mod headers;
    mod hooks;
    mod hostile;
    mod jwt;
    mod key_files;
    mod levels;
    mod log;
    mod nests;
    mod panics;
    mod passwords;
    mod preflights;
    mod require_auth;
    mod resource;
    mod rules;
    mod schemes;
    mod scopes;
    mod server;
    mod services;
    mod sockets;
    mod static_files;
    mod throttle;
    mod users;
    mod wire;
}
