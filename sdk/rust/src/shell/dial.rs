//! From the address that somebody typed to a stream of bytes: TCP, and TLS where it asks for it.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::http::Uri;

#[cfg(feature = "tls")]
use super::tls;

/// Where the socket is when the address names the server only.
const SOCKET: &str = "v1/socket";

/// Bytes to a server and back.
pub(super) trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for S {}

/// A connection to a server, in clear or over TLS.
pub(super) type Line = Box<dyn ByteStream>;

/// A server, and how to reach it.
#[derive(Clone)]
pub(super) struct Server {
    /// The address of the socket: `ws://…` or `wss://…`.
    socket: String,
    /// The host with its port where that is named, as a request says it.
    authority: String,
    /// What stands before `/v1` in every path: empty, or `/` and a prefix.
    prefix: String,
    host: String,
    port: u16,
    is_secure: bool,
    #[cfg(feature = "tls")]
    tls: Option<tls::Connector>,
}

impl Server {
    /// Reads an address: `ws://HOST:PORT`, or `wss://…`; `http` and `https` mean the same. A path
    /// other than `/v1/socket` is kept.
    ///
    /// # Errors
    /// In words, when it cannot be one.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").unwrap_or(("ws", url));
        let is_secure = match scheme {
            "ws" | "http" => false,
            "wss" | "https" if cfg!(feature = "tls") => true,
            "wss" | "https" => {
                return Err(format!("{url}: this client is built without the feature `tls`"));
            }
            _ => return Err(format!("{url} is no address of a server: ws://HOST:PORT")),
        };
        let scheme = if is_secure { "wss" } else { "ws" };
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = if path.is_empty() { SOCKET } else { path };
        let socket = format!("{scheme}://{authority}/{path}");
        let no_host = || format!("{url} names no host: {scheme}://HOST:PORT");
        let uri: Uri = socket.parse().map_err(|_| no_host())?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(no_host)?;
        let prefix = path.split_once(SOCKET).map_or("", |(before, _)| before).trim_matches('/');
        Ok(Self {
            authority: authority.rsplit_once('@').map_or(authority, |(_, host)| host).to_owned(),
            prefix: if prefix.is_empty() { String::new() } else { format!("/{prefix}") },
            // Brackets belong to the address of the page, not to that of the host.
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 }),
            socket,
            is_secure,
            #[cfg(feature = "tls")]
            tls: None,
        })
    }

    /// Makes ready for TLS, where it is spoken: what the machine trusts, and certificates of one's
    /// own (PEM). Reads files.
    ///
    /// # Errors
    /// In words, when a certificate cannot be read, or nothing would be trusted.
    #[cfg(feature = "tls")]
    pub(super) async fn trust(mut self, own: Vec<u8>) -> Result<Self, String> {
        if self.is_secure {
            let making = tokio::task::spawn_blocking(move || tls::connector(&own));
            self.tls = Some(making.await.map_err(|error| error.to_string())??);
        }
        Ok(self)
    }

    /// The address of its socket.
    pub(super) fn socket(&self) -> &str {
        &self.socket
    }

    /// Its host, with the port where that is named.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// The path of a REST command, `/v1/…`, behind whatever the server stands behind.
    pub(super) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// Connects.
    ///
    /// # Errors
    /// When there is nobody, or nobody who can be trusted.
    pub(super) async fn dial(&self) -> io::Result<Line> {
        let stream = TcpStream::connect((&*self.host, self.port)).await?;
        stream.set_nodelay(true)?;
        if !self.is_secure {
            return Ok(Box::new(stream));
        }
        #[cfg(feature = "tls")]
        if let Some(connector) = &self.tls {
            return tls::shake_hands(connector, &self.host, stream).await;
        }
        Err(io::Error::new(io::ErrorKind::Unsupported, "there is no TLS here"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(url: &str) -> String {
        Server::parse(url).unwrap().socket
    }

    #[test]
    fn what_people_type_becomes_an_address() {
        for url in ["127.0.0.1:8080", "ws://127.0.0.1:8080", "http://127.0.0.1:8080/"] {
            assert_eq!(socket(url), "ws://127.0.0.1:8080/v1/socket", "{url}");
        }
        assert_eq!(socket("ws://h/chat/v1/socket"), "ws://h/chat/v1/socket");
        for url in ["", "ws://", "ftp://h", "ws:///v1", "ws://a b"] {
            assert!(Server::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn hosts_ports_and_prefixes_are_found() {
        let plain = Server::parse("ws://[::1]").unwrap();
        assert_eq!((&*plain.host, plain.port, plain.authority()), ("::1", 80, "[::1]"));
        assert_eq!(plain.path("/v1/auth/login"), "/v1/auth/login");
        let behind = Server::parse("ws://chat.example:81/im/v1/socket").unwrap();
        assert_eq!((&*behind.host, behind.port), ("chat.example", 81));
        assert_eq!(behind.authority(), "chat.example:81");
        assert_eq!(behind.path("/v1/auth/login"), "/im/v1/auth/login");
    }

    #[cfg(feature = "tls")]
    #[test]
    fn a_secure_address_is_one() {
        for url in ["wss://h", "https://h/"] {
            let server = Server::parse(url).unwrap();
            assert_eq!((server.socket(), server.port), ("wss://h/v1/socket", 443), "{url}");
        }
    }

    #[cfg(not(feature = "tls"))]
    #[test]
    fn a_client_without_tls_says_so() {
        assert!(Server::parse("wss://h").err().unwrap().contains("feature `tls`"));
    }
}
