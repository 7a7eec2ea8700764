//! The cloud's folder: where everything lies, the lock that keeps two clouds apart, and the file that says
//! where a running cloud listens.

use std::fs::{self, File, OpenOptions};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::CloudError;
use crate::identity::{REGION, USER_ACCESS_KEY, USER_SECRET_KEY};

/// The kinds of the bucket that a person may drop files under, in the order in which they are imported:
/// a configuration and its evaluation set should be there before the data.
pub(crate) const DROP_KINDS: [&str; 4] = ["pipelines", "eval", "media", "data"];

/// A cloud on this machine answers a connection sooner than this.
const ANSWERS_WITHIN: Duration = Duration::from_millis(300);

/// The folder of one cloud, held by this process until it is dropped.
#[derive(Debug)]
pub(crate) struct Home {
    dir: PathBuf,
    /// An advisory lock of the system: it ends with the process, so a killed cloud blocks nobody.
    _lock: Lock,
}

/// A locked file.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing would not do: a function that another thread starts has the file open, too, until it runs its program.
        drop(self.0.unlock());
    }
}

impl Home {
    /// Creates the folder's rooms and takes its lock.
    ///
    /// # Errors
    /// [`CloudError::Taken`] if another process holds the lock, [`CloudError::Folder`] if it cannot be written.
    pub(crate) fn take(dir: &Path) -> Result<Self, CloudError> {
        fs::create_dir_all(dir).map_err(CloudError::folder("creating the folder", dir))?;
        let dir = dir
            .canonicalize()
            .map_err(CloudError::folder("finding the folder", dir))?;
        let lock_path = dir.join("lock");
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(CloudError::folder("opening the lock", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(CloudError::Taken {
                    endpoint: published(&dir),
                    dir,
                });
            }
            Err(fs::TryLockError::Error(source)) => {
                return Err(CloudError::folder("locking", lock_path)(source));
            }
        }
        let home = Self {
            dir,
            _lock: Lock(lock),
        };
        for room in ["logs", "s3", "services"] {
            home.make(&home.dir.join(room))?;
        }
        for kind in DROP_KINDS {
            home.make(&home.drop_folder().join(kind))?;
        }
        // What earlier function instances left in their /tmp is of no use to new ones.
        let tmp = home.tmp();
        if tmp.exists() {
            fs::remove_dir_all(&tmp).map_err(CloudError::folder("clearing", &tmp))?;
        }
        home.make(&tmp)?;
        Ok(home)
    }

    fn make(&self, path: &Path) -> Result<(), CloudError> {
        fs::create_dir_all(path).map_err(CloudError::folder("creating the folder", path))
    }

    /// The folder itself, absolute.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Files copied in here become objects of the bucket.
    pub(crate) fn drop_folder(&self) -> PathBuf {
        self.dir.join("drop")
    }

    /// One log per function.
    pub(crate) fn logs(&self) -> PathBuf {
        self.dir.join("logs")
    }

    /// One line for each fault that chaos made.
    pub(crate) fn chaos_log(&self) -> PathBuf {
        self.logs().join("chaos.log")
    }

    /// The function instances' `/tmp`.
    pub(crate) fn tmp(&self) -> PathBuf {
        self.dir.join("tmp")
    }

    /// The object store's folder.
    pub(crate) fn objects(&self) -> PathBuf {
        self.dir.join("s3")
    }

    /// The folder with what foundation models know, if somebody made it.
    pub(crate) fn models(&self) -> PathBuf {
        self.dir.join("models")
    }

    /// The folder of the simulated services.
    pub(crate) fn services(&self) -> PathBuf {
        self.dir.join("services")
    }

    /// DynamoDB's SQLite file.
    pub(crate) fn dynamodb(&self) -> PathBuf {
        self.dir.join("dynamodb.sqlite")
    }

    /// The ledger of events and invocations.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.dir.join("cloud.sqlite")
    }

    /// Says where this cloud listens, for [`endpoint_of`].
    ///
    /// # Errors
    /// [`CloudError::Folder`] if the file cannot be written.
    pub(crate) fn publish_endpoint(&self, endpoint: &str) -> Result<(), CloudError> {
        let path = self.dir.join("endpoint");
        let draft = self.dir.join("endpoint.new");
        fs::write(&draft, format!("{endpoint}\n"))
            .and_then(|()| fs::rename(&draft, &path))
            .map_err(CloudError::folder("writing the endpoint", path))
    }

    /// Takes the endpoint file away: this cloud listens no more.
    pub(crate) fn withdraw_endpoint(&self) {
        let path = self.dir.join("endpoint");
        if let Err(error) = fs::remove_file(&path) {
            tracing::debug!(%error, path = %path.display(), "no endpoint file to remove");
        }
    }
}

/// The address of the cloud that runs in `dir`. It blocks for up to 300 ms: a killed cloud leaves its
/// endpoint file behind, so something must listen there.
///
/// # Errors
/// [`CloudError::NotRunning`] if there is no endpoint file, or nothing listens where it says.
pub fn endpoint_of(dir: &Path) -> Result<String, CloudError> {
    published(dir)
        .filter(|endpoint| listens(endpoint))
        .ok_or_else(|| CloudError::NotRunning {
            dir: dir.to_owned(),
        })
}

/// What the endpoint file says, if there is one.
fn published(dir: &Path) -> Option<String> {
    let text = fs::read_to_string(dir.join("endpoint")).ok()?;
    Some(text.trim().to_owned())
}

fn listens(endpoint: &str) -> bool {
    let address = endpoint
        .strip_prefix("http://")
        .and_then(|rest| rest.trim_end_matches('/').parse::<SocketAddr>().ok());
    address.is_some_and(|address| TcpStream::connect_timeout(&address, ANSWERS_WITHIN).is_ok())
}

/// The environment with which any AWS client reaches the cloud at `endpoint`, as (name, value).
pub fn env_of(endpoint: &str) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ("AWS_ACCESS_KEY_ID", USER_ACCESS_KEY.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", USER_SECRET_KEY.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
    ]
}

/// The lines that a shell reads to talk to the cloud running in `dir`: `export NAME=value`.
///
/// # Errors
/// [`CloudError::NotRunning`] as [`endpoint_of`].
pub fn env_lines(dir: &Path) -> Result<Vec<String>, CloudError> {
    let endpoint = endpoint_of(dir)?;
    let line = |(name, value)| format!("export {name}={value}");
    Ok(env_of(&endpoint).into_iter().map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_cloud_per_folder_and_a_free_folder_after_it() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::take(dir.path()).unwrap();
        home.publish_endpoint("http://127.0.0.1:4566").unwrap();
        let refused = Home::take(dir.path()).unwrap_err().to_string();
        assert!(refused.contains("http://127.0.0.1:4566"), "{refused}");
        drop(home);
        Home::take(dir.path()).unwrap();
    }

    #[test]
    fn env_lines_need_a_running_cloud() {
        let dir = tempfile::tempdir().unwrap();
        assert!(matches!(
            env_lines(dir.path()),
            Err(CloudError::NotRunning { .. })
        ));
        let home = Home::take(dir.path()).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        home.publish_endpoint(&endpoint).unwrap();
        let lines = env_lines(dir.path()).unwrap();
        assert_eq!(lines[0], format!("export AWS_ENDPOINT_URL={endpoint}"));
        home.withdraw_endpoint();
        assert!(env_lines(dir.path()).is_err());
    }

    #[test]
    fn what_a_killed_cloud_leaves_behind_is_not_a_running_cloud() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::take(dir.path()).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        drop(listener);
        home.publish_endpoint(&endpoint).unwrap();
        assert!(matches!(
            env_lines(dir.path()),
            Err(CloudError::NotRunning { .. })
        ));
    }
}
