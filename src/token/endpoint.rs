//! One POST to a token endpoint (RFC 6749, 3.2), and its answer.
//!
//! Promises: https, or http to loopback alone; one deadline for everything; an answer is bounded; redirects are refused, since they would
//! carry a secret to another place. Rejected: an HTTP client with pools, cookies and proxies of its own; one request an hour needs none.

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, RETRY_AFTER};
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use crate::wire::{self, Proxy, Security, Trust, WireError};

/// More than any endpoint's answer. Bytes.
const ANSWER: usize = 64 * 1024;

/// Where tokens are asked for.
#[derive(Debug, Clone)]
pub struct Endpoint {
    uri: Uri,
    host: String,
    port: u16,
    security: Security,
    trust: Trust,
    proxy: Option<Proxy>,
    limit: Duration,
}

/// Why an endpoint gave no answer. Each text ends with what can be done.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    #[error("{url:?} is no address of a token endpoint; write it as https://host/path")]
    Url { url: String },
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error("{host} gave no answer to the request for a token within {} s; it is asked again", limit.as_secs())]
    Timeout { host: String, limit: Duration },
    #[error("{host} broke off while a token was asked for ({reason}); it is asked again")]
    Broken { host: String, reason: String },
    #[error("{host} sends the request for a token elsewhere (status {status}); write the final address into `token-url`")]
    Redirect { host: String, status: u16 },
}

/// What an endpoint said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// As the endpoint wishes, in seconds.
    pub retry_after: Option<Duration>,
    pub body: Vec<u8>,
}

impl Endpoint {
    /// An endpoint by its URL. `trust` is asked about its certificate; `limit` is for connecting, asking and the answer, each.
    ///
    /// # Errors
    /// [`EndpointError::Url`] for anything that is neither https nor http.
    pub fn new(url: &str, trust: Trust, limit: Duration) -> Result<Self, EndpointError> {
        let refuse = || EndpointError::Url { url: url.to_owned() };
        let uri: Uri = url.parse().map_err(|_| refuse())?;
        let security = match uri.scheme_str() {
            Some("https") => Security::Tls,
            Some("http") => Security::Plaintext,
            _ => return Err(refuse()),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(refuse)?.trim_matches(['[', ']']).to_owned();
        let usual = if security == Security::Tls { 443 } else { 80 };
        let port = uri.port_u16().unwrap_or(usual);
        Ok(Self { uri, host, port, security, trust, proxy: None, limit })
    }

    /// The same, reached through a proxy.
    #[must_use]
    pub fn through(self, proxy: Option<Proxy>) -> Self {
        Self { proxy, ..self }
    }

    /// The host, for sentences.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The URL, which an assertion names as its audience (RFC 7523, 3).
    #[must_use]
    pub fn url(&self) -> String {
        self.uri.to_string()
    }

    /// Sends a form.
    ///
    /// # Errors
    /// [`EndpointError`]; a refusal by the endpoint is an answer and no error.
    pub async fn post(&self, form: &[(&str, String)]) -> Result<Answer, EndpointError> {
        let tcp = wire::tcp(&self.host, self.port, self.security, self.proxy.as_ref(), self.limit).await?;
        let exchanged = match self.security {
            Security::Tls | Security::StartTls => {
                let stream = wire::tls(tcp, &self.host, &self.trust, self.limit).await?;
                timeout(self.limit, self.exchange(stream, form)).await
            }
            Security::Plaintext => timeout(self.limit, self.exchange(tcp, form)).await,
        };
        let answer = exchanged.map_err(|_| EndpointError::Timeout { host: self.host.clone(), limit: self.limit })??;
        if (300..400).contains(&answer.status) {
            return Err(EndpointError::Redirect { host: self.host.clone(), status: answer.status });
        }
        Ok(answer)
    }

    async fn exchange(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        form: &[(&str, String)],
    ) -> Result<Answer, EndpointError> {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| self.broken(&error))?;
        let request = self.request(form)?;
        let asking = async {
            let response = sender.send_request(request).await.map_err(|error| self.broken(&error))?;
            self.read(response).await
        };
        tokio::pin!(asking);
        // The connection does the reading and writing; when it ends first, the answer has come or never will.
        tokio::select! {
            answer = &mut asking => answer,
            _ended = connection => asking.await,
        }
    }

    fn request(&self, form: &[(&str, String)]) -> Result<Request<Full<Bytes>>, EndpointError> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let path = self.uri.path_and_query().map_or("/", |path| path.as_str());
        let host = self.uri.authority().map_or(self.host.as_str(), |authority| authority.as_str());
        Request::post(path)
            .header(HOST, host)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| EndpointError::Url { url: self.url() })
    }

    async fn read(&self, response: Response<hyper::body::Incoming>) -> Result<Answer, EndpointError> {
        let status: StatusCode = response.status();
        let retry_after =
            response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok()).map(Duration::from_secs);
        let body = Limited::new(response.into_body(), ANSWER).collect().await;
        let body = body.map_err(|error| EndpointError::Broken { host: self.host.clone(), reason: error.to_string() })?;
        Ok(Answer { status: status.as_u16(), retry_after, body: body.to_bytes().to_vec() })
    }

    fn broken(&self, error: &hyper::Error) -> EndpointError {
        EndpointError::Broken { host: self.host.clone(), reason: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_an_address_with_a_scheme_and_a_host() {
        for (url, expected) in [
            ("https://login.example.jp/token", Some(("login.example.jp", 443, Security::Tls))),
            ("https://login.example.jp:8443/token?x=1", Some(("login.example.jp", 8443, Security::Tls))),
            ("http://127.0.0.1:8080/token", Some(("127.0.0.1", 8080, Security::Plaintext))),
            ("http://[::1]:8080/token", Some(("::1", 8080, Security::Plaintext))),
            ("ftp://login.example.jp/", None),
            ("login.example.jp", None),
            ("https:///token", None),
            ("", None),
        ] {
            let endpoint = Endpoint::new(url, Trust::nobody(), Duration::from_secs(1));
            let read = endpoint.ok().map(|endpoint| (endpoint.host.clone(), endpoint.port, endpoint.security));
            assert_eq!(read, expected.map(|(host, port, security)| (host.to_owned(), port, security)), "{url}");
        }
    }
}
