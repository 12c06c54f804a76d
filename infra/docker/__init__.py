"""The platform in containers: what makes its images, and what runs in them beside the platform itself."""
