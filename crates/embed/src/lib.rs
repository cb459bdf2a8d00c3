//! Text embedding on the CPU: WordPiece, static models, MiniLM in int8.
