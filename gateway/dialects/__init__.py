"""Outside languages: each turns a request into a call on an instance and the reply into a response."""
