//! A test run again as a process of its own, so that it can be killed or given fewer rights.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

const FOLDER: &str = "CANOPY_STORE_TEST_FOLDER";
const MARK: &str = "child: ";

/// In a child, the folder that it works on; `None` in an ordinary run, where the child's test does nothing.
pub(crate) fn folder() -> Option<PathBuf> {
    std::env::var_os(FOLDER).map(PathBuf::from)
}

/// Tells the parent something; it is in the pipe when this returns, whatever happens to this process then.
pub(crate) fn say(what: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("{MARK}{what}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

/// The command that runs `test` of this binary on `folder`.
pub(crate) fn command(test: &str, folder: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(FOLDER, folder);
    command
}

/// A running child.
pub(crate) struct Process {
    child: Child,
    out: BufReader<ChildStdout>,
}

/// Starts `test` on `folder`.
pub(crate) fn start(test: &str, folder: &Path) -> Process {
    spawn(command(test, folder)).unwrap()
}

/// Starts what [`command`] made.
pub(crate) fn spawn(mut command: Command) -> std::io::Result<Process> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let out = BufReader::new(child.stdout.take().unwrap());
    Ok(Process { child, out })
}

impl Process {
    /// The next thing that the child says; `None` when it has ended.
    pub(crate) fn hear(&mut self) -> Option<String> {
        loop {
            let mut line = Vec::new();
            if self.out.read_until(b'\n', &mut line).unwrap() == 0 {
                return None;
            }
            let line = String::from_utf8_lossy(&line);
            // The harness prints the test's name on the same line first; a line cut by the kill wasn't said.
            if let Some(at) = line.find(MARK).filter(|_| line.ends_with('\n')) {
                return Some(line[at + MARK.len()..].trim_end().to_owned());
            }
        }
    }

    /// Waits until the child says `what`.
    pub(crate) fn wait_for(&mut self, what: &str) {
        while self.hear().expect("the child ended early") != what {}
    }

    /// Kills the child after `delay`, as `kill -9` does; `true` when it was still running.
    pub(crate) fn kill_after(&mut self, delay: Duration) -> bool {
        std::thread::sleep(delay);
        self.child.kill().unwrap();
        !self.child.wait().unwrap().success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
