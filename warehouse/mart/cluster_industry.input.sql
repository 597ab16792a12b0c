select * from mart.cluster_input
