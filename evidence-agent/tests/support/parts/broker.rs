//! A RabbitMQ of one test that speaks AMQP 1.0, with a durable queue that is there before anybody
//! asks. Its node's name, its ports and its port mapper are its own.

use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use super::{free_port, or_skipped, program, stop, wait_for_line, write};

/// The queue that is there, as an address.
pub(crate) const ADDRESS: &str = "/amq/queue/cfx";

/// Who may use it.
pub(crate) const USER: &str = "line-3";

/// That user's password.
pub(crate) const PASSWORD: &str = "line-3";

/// A salt of the bytes 1 to 4, and SHA-256 of salt and password, as RabbitMQ keeps them.
const PASSWORD_HASH: &str = "AQIDBOLZgzGps4dxDGgO5SiN8OzZsAe45IEM0BWPrFGg4QVD";

/// A broker that ends with this value.
pub(crate) struct Broker {
    folder: tempfile::TempDir,
    port: u16,
    tls_port: u16,
    node_port: u16,
    mapper_port: u16,
    mapper: Option<Child>,
    server: Option<Child>,
}

impl Broker {
    /// Starts one, or says why the test is skipped.
    pub(crate) fn start() -> Option<Self> {
        or_skipped(Self::try_start(), "RabbitMQ")
    }

    fn try_start() -> Result<Self, String> {
        program(&[SERVER], "rabbitmq-server")?;
        let folder = tempfile::Builder::new().prefix("fiducial-mq-").tempdir();
        let folder = folder.map_err(|error| error.to_string())?;
        let [port, tls_port, node_port, mapper_port] = [0; 4].map(|_: u8| free_port());
        let (mapper, server) = (None, None);
        let mut made = Self { folder, port, tls_port, node_port, mapper_port, mapper, server };
        made.configure()?;
        let mut mapper = Command::new("epmd");
        mapper.args(["-address", "127.0.0.1", "-port", &mapper_port.to_string()]);
        mapper.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        made.mapper = Some(mapper.spawn().map_err(|error| format!("epmd: {error}"))?);
        made.begin()?;
        Ok(made)
    }

    fn configure(&self) -> Result<(), String> {
        let definitions = format!(
            r#"{{"vhosts":[{{"name":"/"}}],
"users":[{{"name":"{USER}","password_hash":"{PASSWORD_HASH}",
"hashing_algorithm":"rabbit_password_hashing_sha256","tags":""}}],
"permissions":[{{"user":"{USER}","vhost":"/","configure":".*","write":".*","read":".*"}}],
"queues":[{{"name":"cfx","vhost":"/","durable":true,"auto_delete":false,"arguments":{{}}}}]}}"#
        );
        write(&self.path("definitions.json"), &definitions)?;
        write(&self.path("plugins"), "[rabbitmq_amqp1_0].\n")?;
        let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_string()]);
        let certified = certified.map_err(|error| error.to_string())?;
        write(&self.ca(), &certified.cert.pem())?;
        write(&self.path("key.pem"), &certified.signing_key.serialize_pem())?;
        let configuration = format!(
            "listeners.tcp.1 = 127.0.0.1:{}\nlisteners.ssl.1 = 127.0.0.1:{}\n\
             ssl_options.cacertfile = {}\nssl_options.certfile = {}\nssl_options.keyfile = {}\n\
             ssl_options.verify = verify_none\nlog.file = false\nlog.console = true\n\
             log.console.level = info\nload_definitions = {}\n\
             vm_memory_high_watermark.absolute = 512MB\ndisk_free_limit.absolute = 1MB\n",
            self.port,
            self.tls_port,
            self.ca().display(),
            self.ca().display(),
            self.path("key.pem").display(),
            self.path("definitions.json").display()
        );
        write(&self.path("rabbitmq.conf"), &configuration)
    }

    /// Starts the server, again if it ended before, on the same data.
    pub(crate) fn begin(&mut self) -> Result<(), String> {
        let mut server = Command::new(SERVER);
        server
            .env("HOME", self.folder.path())
            .env("ERL_EPMD_PORT", self.mapper_port.to_string())
            .env("RABBITMQ_NODENAME", format!("fiducial-{}@localhost", self.port))
            .env("RABBITMQ_DIST_PORT", self.node_port.to_string())
            .env("RABBITMQ_CONFIG_FILE", self.path("rabbitmq.conf"))
            .env("RABBITMQ_CONF_ENV_FILE", "/dev/null")
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", self.path("plugins"))
            .env("RABBITMQ_GENERATED_CONFIG_DIR", self.path("generated"))
            .env("RABBITMQ_MNESIA_BASE", self.path("data"))
            .env("RABBITMQ_LOG_BASE", self.path("log"))
            .env("RABBITMQ_PID_FILE", self.path("pid"))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = server.spawn().map_err(|error| error.to_string())?;
        let said = child.stdout.take().expect("it is piped");
        self.server = Some(child);
        wait_for_line(said, "Server startup complete")
    }

    /// Stops the server as an operator does; its queue and what is in it stay.
    pub(crate) fn end(&mut self) {
        // The script that was started hands this on to the machine that it runs, and waits for it.
        self.server.take().iter_mut().for_each(|child| stop(child, Signal::TERM));
    }

    /// Where it answers.
    pub(crate) fn url(&self) -> String {
        format!("amqp://127.0.0.1:{}", self.port)
    }

    /// Where it answers over TLS.
    pub(crate) fn tls_url(&self) -> String {
        format!("amqps://127.0.0.1:{}", self.tls_port)
    }

    /// The certificate that its own is checked against.
    pub(crate) fn ca(&self) -> std::path::PathBuf {
        self.path("ca.pem")
    }

    /// A file in its folder.
    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.end();
        self.mapper.take().iter_mut().for_each(|child| stop(child, Signal::TERM));
    }
}

/// The program itself, without the wrapper that changes the user.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
