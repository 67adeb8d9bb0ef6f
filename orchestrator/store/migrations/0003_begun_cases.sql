-- The cases that a version has begun are listed for the person who looks at a stage.
create index attempt_version on attempt (version);
