//! Answers from models by Converse on Amazon Bedrock.
