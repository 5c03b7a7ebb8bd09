//! Where the door is, from the environment, and connections through it.

use crate::report::Failure;
use futures_util::future::poll_fn;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use std::env;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_postgres::{AsyncMessage, Client, Config, Notification, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

#[derive(Clone)]
pub struct Door {
    pub config: Config,
    tls: ClientConfig,
}

impl Door {
    pub fn from_environment() -> Result<Self, Failure> {
        let mut config = Config::new();
        config
            .host(env::var("PGHOST")?)
            .port(env::var("PGPORT")?.parse()?)
            .dbname(env::var("PGDATABASE")?)
            .user(env::var("PGUSER")?)
            .password(env::var("PGPASSWORD")?)
            .ssl_mode(SslMode::Require);
        Ok(Self {
            config,
            tls: tls(&env::var("PGSSLROOTCERT")?)?,
        })
    }

    /// The same door, seen by a client that trusts another CA.
    pub fn trusting(&self, ca_file: &str) -> Result<Self, Failure> {
        Ok(Self {
            config: self.config.clone(),
            tls: tls(ca_file)?,
        })
    }

    pub fn tls(&self) -> MakeRustlsConnect {
        MakeRustlsConnect::new(self.tls.clone())
    }
}

fn tls(ca_file: &str) -> Result<ClientConfig, Failure> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(ca_file)? {
        roots.add(certificate?)?;
    }
    let mut config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(config)
}

pub async fn connect(door: &Door) -> Result<Client, Failure> {
    Ok(connect_and_listen(door).await?.0)
}

/// A connection and the notifications that arrive on it.
pub async fn connect_and_listen(door: &Door) -> Result<(Client, UnboundedReceiver<Notification>), Failure> {
    let (client, mut connection) = door.config.connect(door.tls()).await?;
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(message)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(notification) = message {
                let _ = sender.send(notification); // nobody has to listen
            }
        }
    });
    Ok((client, receiver))
}
