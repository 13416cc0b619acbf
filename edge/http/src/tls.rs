//! TLS in the process: certificate and key from two files, read again when they have changed.

use std::{fmt, io, path::PathBuf, sync::Arc, time::Duration};

use parking_lot::RwLock;
use rustls::{
    ServerConfig, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem, pem::PemObject},
    version::{TLS12, TLS13},
};
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsAcceptor;

use crate::Stream;

/// Where the files are, and how old a protocol may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The chain, PEM, the server's own certificate first.
    pub cert_file: PathBuf,
    /// The key, PEM.
    pub key_file: PathBuf,
    /// Whether clients may speak TLS 1.2, with forward secrecy and authenticated ciphers only, or
    /// must speak 1.3.
    pub allows_tls_1_2: bool,
}

/// Why a pair of files cannot be used. It names the files, and nothing of the key.
#[derive(Debug)]
pub struct BadTls(String);

impl fmt::Display for BadTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadTls {}

/// The pair in use.
pub struct Tls {
    files: TlsFiles,
    acceptor: RwLock<TlsAcceptor>,
}

impl Tls {
    /// Reads the files.
    ///
    /// # Errors
    /// When one cannot be read, holds something else, or the key is not the certificate's.
    pub fn load(files: TlsFiles) -> Result<Arc<Self>, BadTls> {
        let acceptor = RwLock::new(read(&files)?);
        Ok(Arc::new(Self { files, acceptor }))
    }

    /// Reads the files again, for the connections that come from now on.
    ///
    /// # Errors
    /// As [`Tls::load`]; the last good pair stays in use.
    pub fn reload(&self) -> Result<(), BadTls> {
        let acceptor = read(&self.files)?;
        *self.acceptor.write() = acceptor;
        Ok(())
    }

    /// Shakes hands, within its time.
    pub(crate) async fn accept(&self, stream: TcpStream, patience: Duration) -> io::Result<Stream> {
        let acceptor = self.acceptor.read().clone();
        let shaken = timeout(patience, acceptor.accept(stream)).await?;
        Ok(Stream::Tls(Box::new(shaken?)))
    }
}

fn read(files: &TlsFiles) -> Result<TlsAcceptor, BadTls> {
    let (cert, key) = (files.cert_file.display(), files.key_file.display());
    let bad_chain = |error: pem::Error| BadTls(format!("{cert}: {error}"));
    let chain = CertificateDer::pem_file_iter(&files.cert_file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(bad_chain)?;
    if chain.is_empty() {
        return Err(BadTls(format!("{cert}: there is no certificate in it")));
    }
    let secret = PrivateKeyDer::from_pem_file(&files.key_file)
        .map_err(|error| BadTls(format!("{key}: {error}")))?;
    let both: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];
    let versions = if files.allows_tls_1_2 { both } else { &both[..1] };
    let bad_pair = |error: rustls::Error| BadTls(format!("{cert} and {key}: {error}"));
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .map_err(bad_pair)?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(bad_pair)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    // A device that comes back from a tunnel spares both sides a signature. What it sends before
    // the handshake is done is never taken: it could be played again.
    config.ticketer = aws_lc_rs::Ticketer::new().map_err(bad_pair)?;
    config.send_tls13_tickets = 1;
    config.max_early_data_size = 0;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{fs, path::Path};

    use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};

    use super::*;

    /// Writes a fresh pair; its certificate.
    pub(crate) fn write_pair(directory: &Path) -> CertificateDer<'static> {
        let CertifiedKey::<KeyPair> { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        fs::write(directory.join("cert.pem"), cert.pem()).unwrap();
        fs::write(directory.join("key.pem"), signing_key.serialize_pem()).unwrap();
        cert.der().clone()
    }

    pub(crate) fn files(directory: &Path) -> TlsFiles {
        TlsFiles {
            cert_file: directory.join("cert.pem"),
            key_file: directory.join("key.pem"),
            allows_tls_1_2: false,
        }
    }

    #[test]
    fn a_bad_pair_is_named_and_the_last_good_one_stays() {
        let directory = tempfile::tempdir().unwrap();
        let words = |result: Result<(), BadTls>| result.err().map(|e| e.to_string());
        let missing = Tls::load(files(directory.path())).map(drop);
        assert!(words(missing).is_some_and(|words| words.contains("cert.pem")));
        write_pair(directory.path());
        let tls = Tls::load(files(directory.path())).unwrap();
        assert_eq!(words(tls.reload()), None);

        let (cert, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
        let (good_cert, good_key) = (fs::read(&cert).unwrap(), fs::read_to_string(&key).unwrap());
        fs::write(&cert, "").unwrap();
        assert!(words(tls.reload()).is_some_and(|words| words.contains("no certificate")));
        fs::write(&cert, &good_cert[..good_cert.len() / 2]).unwrap();
        assert!(words(tls.reload()).is_some_and(|words| words.contains("cert.pem")));
        write_pair(directory.path());
        fs::write(&key, &good_key).unwrap();
        let words = words(tls.reload()).expect("a key of another certificate");
        assert!(words.contains("key.pem") && !words.contains(good_key.lines().nth(1).unwrap()));
    }
}
