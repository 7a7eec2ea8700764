//! Customization, batch inference, custom models and deployments on Amazon Bedrock.
