//! X-Permitted-Cross-Domain-Policies: policy files of Flash and Acrobat.

use super::keyword_header::keyword_header;

keyword_header! {
    /// `X-Permitted-Cross-Domain-Policies`, for Acrobat and Flash.
    XPermittedCrossDomainPolicies: "X-Permitted-Cross-Domain-Policies takes none, master-only, by-content-type, by-ftp-filename, all or none-this-response" {
        /// No policy file counts.
        None = "none",
        /// Only the one at the root.
        MasterOnly = "master-only",
        /// Those served with the right media type.
        ByContentType = "by-content-type",
        /// Those named crossdomain.xml (FTP only).
        ByFtpFilename = "by-ftp-filename",
        /// All.
        All = "all",
        /// Not this file, although it looks like one.
        NoneThisResponse = "none-this-response",
    }
}
