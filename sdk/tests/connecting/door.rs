//! A door in front of a server: it hangs up on the first who come, as a server does that dies while
//! it is being greeted, and lets the others through.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

/// See the module. It is gone when the task that serves it has ended.
pub(crate) struct Door {
    listener: TcpListener,
}

impl Door {
    pub(crate) async fn new() -> Self {
        Self { listener: TcpListener::bind(("127.0.0.1", 0)).await.unwrap() }
    }

    /// Where it is.
    pub(crate) fn address(&self) -> String {
        self.listener.local_addr().unwrap().to_string()
    }

    /// Hangs up on so many, each in the middle of its first words.
    pub(crate) async fn hang_up_on(self, guests: usize) -> Self {
        for _ in 0..guests {
            let (mut guest, _) = self.listener.accept().await.unwrap();
            let read = guest.read(&mut [0; 24]).await.unwrap();
            assert!(read > 0, "a guest of ours speaks first");
        }
        self
    }

    /// Passes on to the server whoever else comes.
    pub(crate) async fn lead_to(self, server: SocketAddr) {
        loop {
            let (mut guest, _) = self.listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(server).await.unwrap();
                // Ends in whatever way either side ends it.
                let _ = copy_bidirectional(&mut guest, &mut server).await;
            });
        }
    }
}
