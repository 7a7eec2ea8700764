//! Announcements on Amazon EventBridge.
