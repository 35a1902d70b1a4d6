"""What drivers keep and are told: favourites, mails, notifications, problems."""
