//! Whom to trust, and the handshake.

use std::{io, sync::Arc};

use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

use super::dial::Line;

/// What shakes hands. Cheap to clone.
pub(super) type Connector = TlsConnector;

/// Trusts what the machine trusts, and the certificates in `own` (PEM, any number).
///
/// The crypto provider is named here and not installed for the process: another crate's choice in
/// the same process is neither needed nor disturbed.
///
/// # Errors
/// In words, when `own` holds something else, or nothing would be trusted.
pub(super) fn connector(own: &[u8]) -> Result<Connector, String> {
    let mut roots = RootCertStore::empty();
    let of_machine = rustls_native_certs::load_native_certs();
    // A machine's store may hold what this library does not read; it is trusted by nobody then.
    roots.add_parsable_certificates(of_machine.certs);
    let mut has_own = false;
    for certificate in CertificateDer::pem_slice_iter(own) {
        let bad = |error: &dyn std::fmt::Display| format!("a certificate to trust: {error}");
        roots.add(certificate.map_err(|error| bad(&error))?).map_err(|error| bad(&error))?;
        has_own = true;
    }
    if !has_own && !own.is_empty() {
        return Err("there is no certificate (PEM) in what is to be trusted".to_owned());
    }
    if roots.is_empty() {
        let why = of_machine.errors.first().map_or_else(String::new, |why| format!(" ({why})"));
        return Err(format!("this machine trusts no certificates{why}; name one to trust"));
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()).into())
}

/// Shakes hands with a server that must be the one of this name.
pub(super) async fn shake_hands(
    connector: &Connector,
    host: &str,
    stream: TcpStream,
) -> io::Result<Line> {
    let name = ServerName::try_from(host.to_owned())
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    Ok(Box::new(connector.connect(name, stream).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rubbish_is_not_trusted() {
        let Err(words) = connector(b"not a certificate") else { unreachable!("it is none") };
        assert!(words.contains("no certificate"), "{words}");
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(connector(broken).is_err());
    }
}
