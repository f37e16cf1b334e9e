"""One run on disk: :class:`.writer.Run` writes it, :class:`.reader.RunFolder` reads it."""
