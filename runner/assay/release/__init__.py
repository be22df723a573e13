"""What a release is made of: archives that are the same wherever they are made, and the list of parts."""
