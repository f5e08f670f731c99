"""Real servers that stand in for object storage: versitygw for S3, fake-gcs-server for GCS, Azurite for Azure."""
